//===- AskBuild.cpp - what a recipe's data ask of models, asked once ------===//
//
// See the header. A file of answers that is damaged is made again from the journal.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/AskBuild.h"

#include "compiler/plan/RefusedRecipe.h"
#include "compiler/tools/Answerer.h"
#include "runtime/Say.h"
#include "runtime/ask/AskData.h"

#include <fmt/format.h>

namespace roux {

/// What counts the tokens of a chunk: the asked model's own tokenizer, or, where that is elsewhere,
/// the one of who reads these data.
static std::shared_ptr<const data::Tokenizer> chunkTokenizer(const SourceManager &sources,
                                                             const CheckedRecipe &recipe,
                                                             TrainBuilder &trains,
                                                             const AskRecipe &ask) {
  const CheckedValue &model = (*ask.call)["model"];
  std::shared_ptr<const data::Tokenizer> tokenizer =
      endpointOf(recipe, model) ? ask.consumer.tokenizer : trains.data().modelOf(model).tokenizer;
  if (!tokenizer && ask.rule.chunk > 0)
    throw RefusedRecipe(sources, (*ask.call)["on"].where,
                        "a chunk is counted in tokens, and neither who answers nor who reads these "
                        "data has a tokenizer");
  return tokenizer;
}

std::shared_ptr<const data::AnswerTable>
buildAnswers(const SourceManager &sources, const CheckedRecipe &recipe, TrainBuilder &trains,
             const std::filesystem::path &output, const AskRecipe &ask) {
  std::string name = fmt::format("ask {} of {}", ask.rule.fields[0].name,
                                 ask.construct.substr(0, ask.construct.find('/')));
  data::Ledger ledger;
  data::PipelineRunner runner(ask.pipeline, ask.consumer, ledger, threadsOf(recipe),
                              &trains.data().sourceLibrary());
  const CheckedValue &model = (*ask.call)["model"];
  std::string identity =
      answererIdentity(sources, recipe, trains.data(), model, [&](const CheckedDefinition &train) {
        return trains.build(train).folder / "model";
      });
  std::filesystem::path file = answersFile(output, ask, runner.origin(), identity);
  if (std::shared_ptr<const data::AnswerTable> kept = keptAnswers(file)) {
    if (!trains.looksOnly())
      say(stderr, "{}: nothing changed, {}\n", name, file.string());
    return kept;
  }
  if (trains.looksOnly())
    throw NotMadeYet(fmt::format("would be made after {}", name));
  if (std::filesystem::exists(file))
    say(stderr, "{}: {} is damaged and made again\n", name, file.string());
  auto tokenizer = chunkTokenizer(sources, recipe, trains, ask);
  runner.runSteps();
  if (runner.size() == 0)
    throw RefusedRecipe(sources, model.where, "there are no records to ask about");
  std::unique_ptr<Answerer> answerer = answererOf(sources, recipe, trains, model, identity, output);
  ask::Answers answers{
      std::string(sources.text(model.where)),
      [&](std::span<const endpoint::Question> questions) { return answerer->ask(questions); },
      [&](const endpoint::Question &question) { return answerer->keyOf(question); }};
  std::string lines =
      ask::askData(ask.rule, data::SeedTree(recipe.seed) / ask.construct, runner, tokenizer.get(),
                   answers, [&](const ask::AskProgress &progress) {
                     say(stderr, "{}: {} of {} records, {} without a usable answer\n", name,
                         progress.done, progress.records, progress.missing);
                   });
  std::filesystem::create_directories(file.parent_path());
  ask::writeAnswers(file, lines);
  say(stderr, "{}: {}\n", name, file.string());
  return keptAnswers(file);
}

} // namespace roux
