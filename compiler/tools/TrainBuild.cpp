//===- TrainBuild.cpp - the trains of a recipe, built once ----------------===//
//
// Plan, compile, train, export, in this order, and nothing that is there already.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/TrainBuild.h"

#include "compiler/frontend/SplitWeight.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/plan/TrainSettings.h"
#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/PeriodicEval.h"
#include "compiler/tools/StepMemory.h"
#include "compiler/tools/StepOfRecipe.h"
#include "runtime/model/WriteModel.h"
#include "runtime/train/CompiledStep.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <thread>
#include <xxhash.h>

namespace roux {

/// Set by an interrupt; the trainer saves and stops at the next step.
static std::atomic<bool> interrupted = false;

TrainBuilder::TrainBuilder(const SourceManager &sources, const CheckedRecipe &recipe,
                           std::filesystem::path output)
    : sources(sources), recipe(recipe), output(output),
      dataBuilder(sources, recipe, output / "data") {
  dataBuilder.announce([](const std::string &what) { fmt::print(stderr, "{}\n", what); });
  std::signal(SIGINT, [](int) { interrupted = true; });
  std::signal(SIGTERM, [](int) { interrupted = true; });
}

unsigned threadsOf(const CheckedRecipe &recipe) {
  const CheckedValue &threads = recipe.run()["threads"];
  if (threads.kind == ValueKind::Number)
    return static_cast<unsigned>(threads.number);
  return std::max(1u, std::thread::hardware_concurrency());
}

std::unique_ptr<train::ModelProgram> programFor(const SourceManager &sources,
                                                const CheckedRecipe &recipe,
                                                const CheckedDefinition *train,
                                                const model::ModelConfig &config) {
  return programFor(recipe, train ? stepOf(sources, recipe, *train, config)
                                  : evaluationOf(sources, recipe, config));
}

std::unique_ptr<train::ModelProgram> programFor(const CheckedRecipe &recipe,
                                                const StepSource &source) {
  std::optional<Program> program = compileStep(source, kernelCacheFolder());
  if (!program)
    throw std::runtime_error("the model could not be compiled");
  return std::make_unique<train::ModelProgram>(std::move(*program), source.config,
                                               threadsOf(recipe));
}

model::Model TrainBuilder::modelOf(const CheckedValue &value) {
  return modelWithWeights(
      sources, recipe, dataBuilder, value,
      [this](const CheckedDefinition &train) { return build(train).folder / "model"; });
}

std::string TrainBuilder::identityOf(const CheckedValue &model) {
  return modelIdentity(sources, recipe, model, [this](const CheckedDefinition &train) {
    return build(train).folder / "model";
  });
}

void TrainBuilder::edit(const CheckedDefinition &train, EditedStage stage) {
  edited.insert_or_assign(&train, std::move(stage));
}

std::string TrainBuilder::identityOf(const CheckedDefinition &train, const TrainingData &data) {
  std::string text = sliceOf(sources, recipe, train) +
                     fmt::format("plan {:016x}\n", data.plan.hash()) + identityOf(train["model"]);
  if (auto edit = edited.find(&train); edit != edited.end())
    text += fmt::format("edited {} {:016x}\n", edit->second.stage,
                        XXH3_64bits(edit->second.text.data(), edit->second.text.size()));
  return text;
}

const BuiltTrain &TrainBuilder::build(const CheckedDefinition &train) {
  if (auto known = built.find(&train); known != built.end())
    return known->second;
  BuiltTrain result;
  result.data = std::make_shared<TrainingData>(dataBuilder.build(train));
  std::string identity = identityOf(train, *result.data);
  result.folder =
      output / fmt::format("{}-{:016x}", train.name, XXH3_64bits(identity.data(), identity.size()));
  result.wasThere = std::filesystem::exists(result.folder / "model" / "config.json");
  if (result.wasThere)
    // Who never trains has only answers or results on stdout.
    fmt::print(trains ? stdout : stderr, "train {}: nothing changed, {}\n", train.name,
               result.folder.string());
  else if (!trains)
    throw RefusedRecipe(sources, train.where,
                        fmt::format("train '{}' is not built as the recipe says it; 'roux run {} "
                                    "--target {}' builds it",
                                    train.name, sources.path(recipe.mainFile), train.name));
  else
    this->train(train, *result.data, identity, result.folder);
  return built[&train] = std::move(result);
}

static train::TrainerOptions optionsFor(const CheckedRecipe &recipe, const CheckedDefinition &train,
                                        const SourceManager &sources, const TrainingData &data,
                                        const std::string &identity,
                                        const std::filesystem::path &folder) {
  train::TrainerOptions options;
  options.folder = folder;
  options.identity.recipe = XXH3_64bits(identity.data(), identity.size());
  options.identity.plan = data.plan.hash();
  options.identity.recipeText = identity;
  std::string run;
  for (const CheckedArgument &key : recipe.run().keys)
    if (key.value.origin.kind != OriginKind::Default)
      run += fmt::format("{}: {}\n", key.name, sources.text(key.value.where));
  options.identity.run = XXH3_64bits(run.data(), run.size());
  options.seed = recipe.seed;
  options.optimizer = optimizerOf(train);
  if (const CheckedValue &clip = train["clip"]; !clip.isNone())
    options.clip = clip.number;
  options.save = saveOf(recipe);
  options.stop = &interrupted;
  return options;
}

void TrainBuilder::train(const CheckedDefinition &train, const TrainingData &data,
                         const std::string &identity, const std::filesystem::path &folder) {
  StepSource asked = stepOf(sources, recipe, train, data.model.config);
  if (auto edit = edited.find(&train); edit != edited.end())
    asked.edited = edit->second;
  FittedStep fitted = fitStep(recipe, train, std::move(asked), &data.plan);
  refuseUnfit(sources, recipe, train, fitted);
  model::Model start = modelOf(train["model"]);
  auto program = programFor(recipe, fitted.source);
  program->setParameters(start.weights);
  train::CompiledStep step(*program);

  data::PlanInput input(data.store);
  data::LoaderOptions loading;
  loading.run.microBatchTokens = fitted.microBatch;
  loading.inputs = splitWeight(train["weight"].expression).inputs;
  train::PlanSource source(data.plan, input, train["weight"].expression, loading);
  train::AdamW optimizer = optimizerOf(train);
  train::Schedule schedule(optimizer.peak, phasesOf(train), train::extentOf(data.plan));
  train::Progress progress(stderr, train.name, data.plan.steps(), 0, 0);
  train::TrainerOptions options = optionsFor(recipe, train, sources, data, identity, folder);
  PeriodicEval onTheWay(sources, recipe, dataBuilder, train);
  options.evaluateSteps = onTheWay.steps();
  options.evaluate = [&](uint64_t made) { return onTheWay.measure(made, *program); };
  train::Trainer trainer(std::move(options), schedule, source, step, progress);
  train::TrainResult result = trainer.run();
  if (!result.finished) {
    stopped = true;
    throw std::runtime_error(
        fmt::format("train {}: stopped after step {} of {} and saved; the same "
                    "command goes on from there",
                    train.name, result.stepsMade, data.plan.steps()));
  }
  exportModel({start.config, program->parameters()}, data.model, folder / "model");
  fmt::print("train {}: {} steps, {} tokens in {}, {}\n", train.name, result.stepsMade,
             train::countText(result.usefulTokens), train::durationText(result.seconds),
             folder.string());
}

void TrainBuilder::exportModel(const model::Model &trained, const ModelFacts &facts,
                               const std::filesystem::path &folder) {
  model::ModelCompanions companions;
  std::filesystem::path made = dataBuilder.trainedTokenizer(*facts.tokenizer);
  if (!made.empty()) {
    std::ostringstream bytes;
    bytes << std::ifstream(made, std::ios::binary).rdbuf();
    companions.files.emplace_back("tokenizer.model", std::move(bytes).str());
  } else if (std::filesystem::is_directory(facts.weights)) {
    companions.tokenizerFolder = facts.weights;
  }
  model::writeModelFolder(folder, trained, companions);
}

} // namespace roux
