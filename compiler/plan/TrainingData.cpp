//===- TrainingData.cpp - what a train reads, built once and kept ---------===//
//
// A file is made when there is none of its name; its name is the hash of what it
// is made from.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/TrainingData.h"

#include "compiler/plan/Asks.h"
#include "compiler/plan/BatchRules.h"
#include "compiler/plan/Counts.h"
#include "compiler/plan/DataFlow.h"
#include "compiler/plan/Scores.h"
#include "runtime/KeptRoom.h"
#include "runtime/data/AtomicFile.h"
#include "runtime/data/FileState.h"
#include "runtime/data/Sums.h"
#include "runtime/data/pipeline/PipelineRunner.h"
#include "runtime/data/plan/Planner.h"
#include "runtime/data/tokenizer/TrainBytePair.h"
#include "runtime/data/tokenizer/WholeFile.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/ranges.h>
#include <unistd.h>
#include <xxhash.h>

namespace roux {

using namespace data;

/// Each is in the name of what it is about, and rises when the same recipe and data make another
/// tokenizer or plan. That of a store stands in PipelineRunner::origin().
static constexpr int tokenizerFormat = 2, planFormat = 3;

/// Of the run block; 0: all.
static unsigned threadsAsked(const CheckedRecipe &recipe) {
  const CheckedValue &threads = recipe.run()["threads"];
  return threads.kind == ValueKind::Number
             ? static_cast<unsigned>(std::clamp(threads.number, 1.0, 1024.0))
             : 0;
}

DataBuilder::DataBuilder(const SourceManager &sources, const CheckedRecipe &recipe,
                         std::filesystem::path folder, unsigned threads)
    : sources(sources), recipe(recipe), folder(std::move(folder)),
      knownFiles(this->folder / "known-files"), threads(threads ? threads : threadsAsked(recipe)),
      library(this->folder, this->threads) {}

std::filesystem::path DataBuilder::fileOf(std::string_view name, std::string_view made,
                                          std::string_view extension) const {
  return folder /
         fmt::format("{}-{:016x}.{}", name, XXH3_64bits(made.data(), made.size()), extension);
}

std::shared_ptr<const Tokenizer> DataBuilder::tokenizerOf(const CheckedValue &value) {
  auto &known = tokenizers[{value.where.file, value.where.begin}];
  if (known)
    return known;
  if (value.calls("bpe"))
    return known = trainTokenizer(value);
  const CheckedValue &pattern = value["pattern"];
  std::filesystem::path path = resolvePath(sources, value["file"]);
  known = loadTokenizer(path, pattern.is("none") ? "" : pattern.text);
  tokenizerFiles[known.get()] = path;
  return known;
}

/// The definitions whose files a pipeline reads.
static std::string namesOf(const DataPipeline &pipeline) {
  std::vector<std::string_view> names;
  for (const DataStep &step : pipeline.steps)
    if (step.operation == DataOperation::Read &&
        std::find(names.begin(), names.end(), step.source.name) == names.end())
      names.push_back(step.source.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::shared_ptr<const Tokenizer> DataBuilder::trainTokenizer(const CheckedValue &call) {
  Consumer nobody;
  Ledger ledger;
  DataPipeline pipeline = pipelineFor(call["data"], nobody, {});
  PipelineRunner runner(pipeline, nobody, ledger, threads, &library);
  auto vocabulary = countOf<TokenId>(sources, call["vocab"]);
  std::filesystem::path file = fileOf(
      "tokenizer", fmt::format("bpe {} vocab {}\n{}", tokenizerFormat, vocabulary, runner.origin()),
      "model");
  std::filesystem::path sums = file;
  sums += ".sums";
  if (!std::filesystem::exists(file)) {
    say(fmt::format("training a tokenizer of {} tokens on {}", vocabulary, namesOf(pipeline)));
    runner.runSteps();
    std::string model = trainBytePair(runner.texts(), vocabulary);
    std::filesystem::create_directories(folder);
    writeSums(sums, {{file.filename().string(), XXH3_64bits(model.data(), model.size())}});
    writeWhole(file, model);
  }
  if (!changedSince(sums, folder, knownFiles).empty())
    throw FileError(fmt::format("{}: damaged: it is not what was written; delete it, and it is "
                                "made anew",
                                file.string()));
  auto tokenizer = tokenizerOfModel(readWholeFile(file), file.string());
  tokenizerFiles[tokenizer.get()] = file;
  return tokenizer;
}

std::filesystem::path DataBuilder::tokenizerFile(const Tokenizer &tokenizer) const {
  auto found = tokenizerFiles.find(&tokenizer);
  return found == tokenizerFiles.end() ? std::filesystem::path() : found->second;
}

ModelFacts DataBuilder::modelOf(const CheckedValue &value) {
  return factsOf(sources, recipe, value,
                 [this](const CheckedValue &tokenizer) { return tokenizerOf(tokenizer); });
}

static std::string describe(const StoreSchema &schema) {
  std::string text;
  for (const StoreSchema::Attribute &attribute : schema.attributes)
    text += fmt::format("{} {}\n", attribute.name, attribute.isText ? "text" : "number");
  for (const std::string &score : schema.tokenScores)
    text += fmt::format("score {}\n", score);
  return text;
}

DataPipeline DataBuilder::pipelineFor(const CheckedValue &data, const Consumer &consumer,
                                      std::initializer_list<const Expression *> readers,
                                      const StoreSchema &schema) {
  std::vector<AskSite> asks;
  DataPipeline pipeline = pipelineOf(sources, recipe, data, asks);
  std::vector<std::string> names = schema.tokenScores;
  for (const DataStep &step : pipeline.steps)
    addScoresRead(step.expression, names);
  for (const Expression *reader : readers)
    addScoresRead(*reader, names);
  for (const StoreSchema::Attribute &attribute : schema.attributes)
    if (attribute.name.starts_with("score:") &&
        std::ranges::find(names, attribute.name.substr(6)) == names.end())
      names.push_back(attribute.name.substr(6));
  for (const std::string &name : names) {
    const CheckedDefinition &score = *recipe.find(name);
    pipeline.scores.push_back(scores ? scores(score) : scoresKept(score));
  }
  for (const AskSite &site : asks) {
    DataStep &step = pipeline.steps[site.step];
    AskRecipe ask{site.call, step.construct, step.ask, partOf(pipeline, step.inputs[0]),
                  Consumer{consumer.tokenizer, consumer.chat, {}, false}};
    step.answers = answers ? answers(ask) : answersKept(ask);
  }
  return pipeline;
}

ToBeMade DataBuilder::notMade(SourceRange where, std::string_view what,
                              std::string_view target) const {
  return {sources, where,
          fmt::format("{}; 'roux run {}{}' makes it", what, sources.path(recipe.mainFile),
                      target.empty() ? "" : fmt::format(" --target {}", target))};
}

std::shared_ptr<const AnswerTable> DataBuilder::answersKept(const AskRecipe &ask) {
  SourceRange where = (*ask.call)["model"].where;
  Ledger ledger;
  PipelineRunner runner(ask.pipeline, ask.consumer, ledger, threads, &library);
  std::string answerer =
      answererIdentity(sources, recipe, *this, (*ask.call)["model"],
                       [&](const CheckedDefinition &train) -> std::filesystem::path {
                         throw notMade(where, fmt::format("'ask' asks train '{}'", train.name), "");
                       });
  std::shared_ptr<const AnswerTable> kept =
      keptAnswers(answersFile(folder.parent_path(), ask, runner.origin(), answerer));
  if (!kept)
    throw notMade(where, "what a model answers here is not asked for yet", "");
  return kept;
}

std::shared_ptr<const ScoreTable> DataBuilder::scoresKept(const CheckedDefinition &score) {
  auto missing = [&](std::string_view why) {
    return notMade(score.where, fmt::format("score '{}' {}", score.name, why), score.name);
  };
  ScoreRecipe made = scoreRecipeOf(sources, recipe, *this, score);
  Ledger ledger;
  PipelineRunner runner(made.pipeline, made.consumer, ledger, threads, &library);
  std::string identity =
      scoreIdentity(sources, recipe, knownFiles, score, made, runner.origin(),
                    [&](const CheckedDefinition &train) -> std::filesystem::path {
                      throw missing(fmt::format("asks train '{}'", train.name));
                    });
  std::filesystem::path file =
      folder.parent_path() / "scores" /
      fmt::format("{}-{:016x}.scores", score.name, XXH3_64bits(identity.data(), identity.size()));
  std::shared_ptr<const ScoreTable> kept = keptScores(file, made, identity);
  if (!kept)
    throw missing("is not made yet");
  return kept;
}

std::filesystem::path DataBuilder::buildStore(const CheckedValue &data, const ModelFacts &model,
                                              const Expression &target, const StoreSchema &schema,
                                              bool sentences) {
  Consumer consumer{model.tokenizer, model.chat, target, sentences};
  Ledger ledger;
  DataPipeline pipeline = pipelineFor(data, consumer, {&target}, schema);
  PipelineRunner runner(pipeline, consumer, ledger, threads, &library);
  std::filesystem::path file = fileOf("tokens", runner.origin() + describe(schema), "store");
  if (std::filesystem::exists(file))
    return file;
  std::filesystem::create_directories(folder);
  say(fmt::format("tokenizing {}", namesOf(pipeline)));
  for (const std::string &note : model.notes)
    say("note: " + note);
  runner.runSteps();
  TokenStoreWriter writer(file, schema);
  runner.write(writer, schema);
  writer.finish();
  settle(file); // so that it is verified but once
  return file;
}

TokenStore DataBuilder::openStore(const std::filesystem::path &file, int64_t vocabulary) {
  std::string right = fmt::format("store of {} ids", vocabulary);
  TokenStore store(file, knownFiles.knows(file, right));
  knownFiles.verify(file, right, [&] { store.verify(static_cast<uint64_t>(vocabulary)); });
  return store;
}

void DataBuilder::checkReference(const CheckedDefinition &train, const ModelFacts &model,
                                 const TokenStore &store) {
  const CheckedValue &named = train["reference"];
  if (named.isNone())
    return;
  ModelFacts reference = modelOf(named);
  bool isOther =
      reference.tokenizer && reference.tokenizer->contentHash() != model.tokenizer->contentHash();
  if (isOther || reference.config.vocabulary != model.config.vocabulary)
    throw RefusedRecipe(sources, named.where,
                        fmt::format("the reference reads other tokens than the model of '{}'{}; "
                                    "expected one tokenizer",
                                    train.name,
                                    isOther
                                        ? ""
                                        : fmt::format(", {} and {}", reference.config.vocabulary,
                                                      model.config.vocabulary)));
  auto reach = static_cast<uint64_t>(reference.config.context);
  auto limit = static_cast<uint64_t>(model.config.context);
  for (uint32_t i = 0; reach < limit && i < store.sequences().size(); ++i)
    for (TokenRange answer : store.view(i).spans)
      if (answer.size() > reach && answer.size() <= limit)
        throw RefusedRecipe(sources, named.where,
                            fmt::format("{} has an answer that takes {} positions with its prompt, "
                                        "and the reference's context is {}",
                                        store.name(i), answer.size(), reach));
}

TrainingData DataBuilder::build(const CheckedDefinition &train) {
  ModelFacts model = modelOf(train["model"]);
  if (!model.tokenizer)
    throw RefusedRecipe(sources, train["model"].where,
                        fmt::format("the model of '{}' brings no tokenizer; expected a block with "
                                    "tokenizer: and template:",
                                    train.name));
  PlanSpec spec = planSpecOf(sources, recipe, train, model.config.context);
  bool sentences = spec.position.at == PositionRule::Sites::Sentence;
  std::filesystem::path storeFile =
      buildStore(train["data"], model, train["target"].expression, storeSchemaOf(train), sentences);
  TokenStore store = openStore(storeFile, model.config.vocabulary);
  if (store.sequences().empty())
    throw RefusedRecipe(sources, train["data"].where,
                        fmt::format("the data of '{}' hold no sequence{}{}", train.name,
                                    store.ledger().lines().empty() ? "" : ":\n",
                                    store.ledger().text()));
  checkReference(train, model, store);
  std::filesystem::path planFile =
      fileOf(fmt::format("{}-plan", train.name),
             fmt::format("plan {} {:016x}\n{}", planFormat, store.hash(), spec.text()), "plan");
  if (!std::filesystem::exists(planFile)) {
    try {
      writePlan(planFile, PlanInput(store), spec);
    } catch (const PlanError &error) {
      throw RefusedRecipe(sources, train["batch"].where, error.what());
    }
    settle(planFile);
  }
  std::string right = fmt::format("plan of {:016x}", store.hash());
  Plan plan(planFile, knownFiles.knows(planFile, right));
  plan.checkStore(store);
  knownFiles.verify(planFile, right, [&] { plan.verify(store); });
  return {std::move(model), storeFile, planFile, std::move(store), std::move(plan)};
}

std::filesystem::path outputFolder(const std::filesystem::path &path) {
  std::filesystem::path name = path.stem();
  // ".recipe" and "..recipe" are a point, or nothing, with an ending: runs/. is all of runs.
  if (name.empty() || name.native().starts_with('.'))
    throw FileError(fmt::format("{}: begins with a point, which leaves its outputs no folder of "
                                "their own; call it NAME.recipe",
                                path.string()));
  return std::filesystem::path("runs") / name;
}

/// Whether files can be made in `folder`, or in what it would be made in.
static bool isWritable(std::filesystem::path folder) {
  std::error_code ignored;
  while (!std::filesystem::exists(folder, ignored) && folder.has_relative_path())
    folder = folder.parent_path();
  return access(folder.empty() ? "." : folder.c_str(), W_OK) == 0;
}

std::filesystem::path readingFolder(const std::filesystem::path &path) {
  std::filesystem::path folder = outputFolder(path) / "data";
  if (isWritable(folder))
    return folder;
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  std::filesystem::path below = cache && *cache ? std::filesystem::path(cache)
                                : home && *home ? std::filesystem::path(home) / ".cache"
                                                : std::filesystem::temp_directory_path();
  std::string place = std::filesystem::absolute(folder).lexically_normal().string();
  below = below / "roux" / "data";
  folder = below /
           fmt::format("{}-{:016x}", path.stem().string(), XXH3_64bits(place.data(), place.size()));
  noteUse(folder.string());
  makeRoomOnce(below.string(), KeptUnit::Folder);
  return folder;
}

} // namespace roux
