//===- EvalBuild.cpp - the evals of a recipe, measured once ---------------===//
//
// Look for the result, else compile the model and measure task by task.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/EvalBuild.h"

#include "compiler/frontend/Meaning.h"
#include "compiler/plan/Asks.h"
#include "compiler/tools/EvalJudge.h"
#include "compiler/tools/EvalText.h"
#include "compiler/tools/ReferenceBuild.h"
#include "runtime/Say.h"
#include "runtime/data/AtomicFile.h"
#include "runtime/data/WholeCharacters.h"
#include "runtime/eval/AnswerLikelihood.h"
#include "runtime/eval/CompiledModel.h"
#include "runtime/eval/HeldOutLoss.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace roux {

/// Who marks the answers of `task`; null where no model does.
static const CheckedValue *judgeOf(const EvalTask &task) {
  if (const auto *needle = std::get_if<NeedleTask>(&task.what))
    return needle->judge;
  const auto *ask = std::get_if<AskTask>(&task.what);
  return ask ? ask->judge : nullptr;
}

void EvalBuilder::prepare(const CheckedDefinition &eval) {
  auto [at, isNew] = prepared.try_emplace(&eval);
  if (!isNew)
    return;
  at->second = tasksOf(sources, recipe, eval, trains.data());
  if (!hasResult(eval))
    trains.prepare(eval["model"]);
  // A key that is not set is said before any training; who has the result needs none.
  if (at->second.endpoint && !std::filesystem::exists(fileOf(eval, at->second)))
    openEndpoint(sources, *at->second.endpoint, output);
  for (const EvalTask &task : at->second.tasks)
    if (const CheckedValue *judge = judgeOf(task))
      if (const CheckedValue *endpoint = endpointOf(recipe, *judge); endpoint && !hasResult(eval))
        openEndpoint(sources, *endpoint, output);
}

bool EvalBuilder::hasResult(const CheckedDefinition &eval) const {
  std::error_code none;
  for (const auto &entry : std::filesystem::directory_iterator(output / "evals", none))
    if (entry.path().filename().string().starts_with(eval.name + "-"))
      return true;
  return false;
}

std::string EvalBuilder::judgeIdentity(const CheckedValue &judge) {
  return answererIdentity(
      sources, recipe, trains.data(), judge,
      [&](const CheckedDefinition &train) { return trains.build(train).folder / "model"; });
}

std::unique_ptr<Answerer> EvalBuilder::judgeFor(const CheckedValue &judge) {
  return answererOf(sources, recipe, trains, judge, judgeIdentity(judge), output);
}

/// Changes with the model and with how it computes.
std::string EvalBuilder::modelIdentity(const CheckedDefinition &eval, const EvalTasks &tasks) {
  if (tasks.endpoint)
    return fmt::format("endpoint {}\n", (*tasks.endpoint)["name"].text);
  return fmt::format("dtype {}\n", recipe.run()["dtype"].text) + trains.identityOf(eval["model"]);
}

std::filesystem::path EvalBuilder::fileOf(const CheckedDefinition &eval, const EvalTasks &tasks) {
  std::string identity = fmt::format("eval {}\n{}", eval::resultFormat, meaningOf(recipe, eval));
  identity += modelIdentity(eval, tasks);
  for (const EvalTask &task : tasks.tasks) {
    identity += fmt::format("{} {}\n", task.name, task.identity);
    if (const CheckedValue *judge = judgeOf(task))
      identity += "judged by " + judgeIdentity(*judge);
  }
  return output / "evals" /
         fmt::format("{}-{:016x}.json", eval.name, XXH3_64bits(identity.data(), identity.size()));
}

eval::HeldOutResult EvalBuilder::heldOut(const LossTask &task, train::ModelProgram &program) {
  data::TokenStore store(task.store);
  eval::CompiledNll nll(program);
  if (!task.pairsOf)
    return eval::resultOf(eval::heldOutLoss(nll, store));
  const CheckedDefinition &train = *task.pairsOf;
  auto reference = referenceOf(sources, recipe, trains, train, store, output);
  return eval::heldOutPairs(nll, store, train["loss"].expression,
                            reference ? &*reference : nullptr);
}

eval::NeedleResult EvalBuilder::findNeedles(const NeedleTask &task, const ModelFacts &facts,
                                            train::ModelProgram &program) {
  eval::CompiledModel model(program);
  eval::GenerateOptions generation;
  generation.ends = answerEndsOf(facts);
  generation.known = facts.tokenizer->vocabularySize();
  eval::NeedleResult result{
      eval::runNeedle(model, task.haystack, task.options, needleTextOf(facts, task), generation)};
  if (task.judge)
    markNeedles(*judgeFor(*task.judge), std::string(sources.text(task.judge->where)), task.options,
                result.cells);
  return result;
}

eval::ScoredResult EvalBuilder::askAndScore(const EvalTask &task, Asker &asker) {
  const auto &what = std::get<AskTask>(task.what);
  KeptPredictions kept = askAll(what, task.identity, asker, output / "predictions");
  if (!what.judge)
    return scoredResult(*what.task, what.sets, kept.folder, std::move(kept.truncation));
  return markChat(*judgeFor(*what.judge), std::string(sources.text(what.judge->where)), *what.chat,
                  keptAnswersOf(what, kept), std::move(kept.truncation));
}

static eval::NeedleResult run(const RecallTask &task, const ModelFacts &facts,
                              train::ModelProgram &program) {
  eval::CompiledModel model(program);
  eval::GenerateOptions generation;
  generation.ends = answerEndsOf(facts);
  generation.known = facts.tokenizer->vocabularySize();
  return {eval::runRecall(model, task.haystack, task.options, textOf(facts), generation)};
}

/// What stands after `prompt`, with the space that a word on its own would lose.
static std::string continuation(const eval::DecodeText &decode, const std::vector<int32_t> &prompt,
                                const eval::Answer &answer) {
  std::vector<int32_t> all = prompt;
  all.insert(all.end(), answer.tokens.begin(), answer.tokens.end());
  std::string before = decode(prompt), whole = decode(all);
  return whole.starts_with(before) ? data::withWholeCharacters(whole.substr(before.size()))
                                   : answer.text;
}

static eval::SamplesResult run(const SamplesTask &task, const ModelFacts &facts,
                               train::ModelProgram &program) {
  eval::CompiledModel model(program);
  std::vector<std::vector<int32_t>> prompts;
  for (const std::string &prompt : task.prompts)
    prompts.push_back(promptOf(facts, prompt, task.asUser));
  eval::DecodeText decode = textOf(facts).decode;
  std::vector<eval::Answer> answers = eval::generate(model, decode, prompts, task.generation);
  eval::SamplesResult result;
  for (size_t i = 0; i < answers.size(); ++i)
    result.samples.push_back({task.prompts[i], continuation(decode, prompts[i], answers[i]),
                              answers[i].ending == eval::Ending::EndToken});
  return result;
}

eval::EvalResult EvalBuilder::measure(const CheckedDefinition &eval, const EvalTasks &tasks) {
  eval::EvalResult result{eval.name, {}};
  std::unique_ptr<Asker> asker;
  if (tasks.endpoint) {
    auto endpoint = openEndpoint(sources, *tasks.endpoint, output);
    asker = endpointAsker(*endpoint, (*tasks.endpoint)["name"].text);
    for (const EvalTask &task : tasks.tasks)
      result.tasks.push_back({task.name, askAndScore(task, *asker)});
    return result;
  }
  model::Model measured = trains.modelOf(eval["model"]);
  auto program = programFor(sources, recipe, nullptr, measured.config);
  program->setParameters(measured.weights);
  eval::CompiledModel model(*program);
  eval::CompiledNll nll(*program);
  asker = localAsker(model, nll, tasks.model, modelIdentity(eval, tasks));
  for (const EvalTask &task : tasks.tasks)
    std::visit(
        [&](const auto &what) {
          using What = std::decay_t<decltype(what)>;
          if constexpr (std::is_same_v<What, AskTask>)
            result.tasks.push_back({task.name, askAndScore(task, *asker)});
          else if constexpr (std::is_same_v<What, LossTask>)
            result.tasks.push_back({task.name, heldOut(what, *program)});
          else if constexpr (std::is_same_v<What, NeedleTask>)
            result.tasks.push_back({task.name, findNeedles(what, tasks.model, *program)});
          else
            result.tasks.push_back({task.name, run(what, tasks.model, *program)});
        },
        task.what);
  return result;
}

std::optional<eval::EvalResult> EvalBuilder::kept(const CheckedDefinition &eval) {
  prepare(eval);
  return eval::readEvalResult(fileOf(eval, prepared.at(&eval)));
}

eval::EvalResult EvalBuilder::build(const CheckedDefinition &eval) {
  prepare(eval);
  const EvalTasks &tasks = prepared.at(&eval);
  std::filesystem::path file = fileOf(eval, tasks);
  std::optional<eval::EvalResult> result = eval::readEvalResult(file);
  if (!result && std::filesystem::exists(file))
    say(stderr, "eval {}: {} is damaged and measured again\n", eval.name, file.string());
  if (result) {
    say(stdout, "eval {}: nothing changed, {}\n", eval.name, file.string());
  } else {
    if (!isQuiet)
      say(stderr, "eval {}: measuring\n", eval.name);
    result = measure(eval, tasks);
    std::filesystem::create_directories(file.parent_path());
    data::writeWhole(file, eval::toJson(*result));
    say(stdout, "eval {}: {}\n", eval.name, file.string());
  }
  say(stdout, "{}", evalText(eval, *result));
  return *std::move(result);
}

} // namespace roux
