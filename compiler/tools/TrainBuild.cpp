//===- TrainBuild.cpp - the trains of a recipe, built once ----------------===//
//
// Plan, compile, train, export, in this order, and nothing that is there already.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/TrainBuild.h"

#include "compiler/frontend/Meaning.h"
#include "compiler/plan/ExportType.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/plan/TrainSettings.h"
#include "compiler/plan/TrainTuning.h"
#include "compiler/tools/AskBuild.h"
#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/GentleStop.h"
#include "compiler/tools/KernelTimes.h"
#include "compiler/tools/ModelExport.h"
#include "compiler/tools/PeriodicEval.h"
#include "compiler/tools/ReferenceBuild.h"
#include "compiler/tools/RunList.h"
#include "compiler/tools/ScoreBuild.h"
#include "compiler/tools/StepMemory.h"
#include "compiler/tools/StepOfRecipe.h"
#include "compiler/tools/TakeSaved.h"
#include "compiler/tools/TunedWeights.h"
#include "runtime/Say.h"
#include "runtime/data/Sums.h"
#include "runtime/data/pipeline/RecordTokenizer.h"
#include "runtime/model/Safetensors.h"
#include "runtime/model/StoredType.h"
#include "runtime/train/CompiledStep.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace roux {

bool isWhole(const std::filesystem::path &folder) {
  return std::filesystem::exists(folder / "model" / "config.json");
}

TrainBuilder::TrainBuilder(const SourceManager &sources, const CheckedRecipe &recipe,
                           std::filesystem::path output)
    : sources(sources), recipe(recipe), output(output),
      dataBuilder(sources, recipe, output / "data") {
  dataBuilder.scoresFrom([this](const CheckedDefinition &score) { return scoresOf(score); });
  dataBuilder.answersFrom([this](const AskRecipe &ask) {
    return buildAnswers(this->sources, this->recipe, *this, this->output, ask);
  });
  dataBuilder.announce([](const std::string &what) {
    if (!isQuiet)
      say(stderr, "{}\n", what);
  });
}

std::shared_ptr<const data::ScoreTable> TrainBuilder::scoresOf(const CheckedDefinition &score) {
  for (const auto &[known, table] : scored)
    if (known == &score)
      return table;
  BuiltScore built = buildScore(sources, recipe, *this, output, score);
  scored.emplace_back(&score, built.table);
  return built.table;
}

model::Model TrainBuilder::modelOf(const CheckedValue &value, Precision precision) {
  return modelWithWeights(
      sources, recipe, dataBuilder, value,
      [this](const CheckedDefinition &train) { return build(train).folder / "model"; }, precision);
}

std::string TrainBuilder::identityOf(const CheckedValue &model, Precision precision) {
  return modelIdentity(
      sources, recipe, model, dataBuilder.known(),
      [this](const CheckedDefinition &train) { return build(train).folder / "model"; }, precision);
}

void TrainBuilder::edit(const CheckedDefinition &train, EditedStage stage) {
  edited.insert_or_assign(&train, std::move(stage));
}

std::string TrainBuilder::identityOf(const CheckedDefinition &train) {
  auto begins = [this](const CheckedValue &model) {
    return modelIdentity(
        sources, recipe, model, dataBuilder.known(),
        [this](const CheckedDefinition &made) { return folderOf(made) / "model"; });
  };
  std::string text = meaningOf(recipe, train);
  text += fmt::format("dtype {}\n{}step format {}\n", recipe.run()["dtype"].text,
                      begins(train["model"]), stepFormat);
  if (!train["reference"].isNone())
    text += "reference " + begins(train["reference"]);
  if (train["keep"].calls("best"))
    text += PeriodicEval(sources, recipe, dataBuilder, train, {}).watchedIdentity();
  if (auto edit = edited.find(&train); edit != edited.end())
    text += fmt::format("edited {} {:016x}\n", edit->second.stage,
                        XXH3_64bits(edit->second.text.data(), edit->second.text.size()));
  return text;
}

std::shared_ptr<const TrainingData> TrainBuilder::dataOf(const CheckedDefinition &train) {
  std::shared_ptr<const TrainingData> &known = dataOfTrains[&train];
  if (!known)
    known = std::make_shared<TrainingData>(dataBuilder.build(train));
  return known;
}

const FittedStep &TrainBuilder::stepFor(const CheckedDefinition &train) {
  if (auto known = steps.find(&train); known != steps.end())
    return known->second;
  std::shared_ptr<const TrainingData> data = dataOf(train);
  StepSource asked = stepOf(sources, recipe, train, data->model.config);
  if (auto edit = edited.find(&train); edit != edited.end())
    asked.edited = edit->second;
  FittedStep fitted = fitStep(recipe, train, std::move(asked), &data->plan);
  refuseUnfit(sources, recipe, train, fitted);
  return steps.emplace(&train, std::move(fitted)).first->second;
}

std::string TrainBuilder::madeOf(const CheckedDefinition &train) {
  std::shared_ptr<const TrainingData> data = dataOf(train);
  return fmt::format("{}tokens {:016x}\n{}plan {:016x}\n", identityOf(train), data->store.hash(),
                     data->plan.spec(), data->plan.hash());
}

std::filesystem::path TrainBuilder::folderOf(const CheckedDefinition &train) {
  std::string made = madeOf(train);
  return output / fmt::format("{}-{:016x}", train.name, XXH3_64bits(made.data(), made.size()));
}

train::TrainingExtent TrainBuilder::scheduledOver(const CheckedDefinition &train) {
  return roux::scheduledOver(
      recipe, train,
      [this](const CheckedDefinition &each) -> const data::Plan & { return dataOf(each)->plan; });
}

/// The hash of the metrics, which are for people and scripts, who may edit them.
static constexpr const char *metricsFile = "metrics.jsonl", *metricsSums = "metrics.sums";

void TrainBuilder::verify(const std::filesystem::path &folder) {
  for (const std::filesystem::path &file :
       model::checkModelFolder(folder / "model", dataBuilder.known()))
    say(stderr,
        "{}: is not what was written, which is read by whoever loads the model; without {} it is "
        "written again from the last checkpoint\n",
        file.string(), (folder / "model").string());
  for (const std::filesystem::path &file :
       data::changedSince(folder / metricsSums, folder, dataBuilder.known()))
    say(stderr, "{}: is not what was written; the report shows what it says now\n", file.string());
}

void TrainBuilder::exportAsAsked(const CheckedDefinition &train,
                                 const std::filesystem::path &folder) {
  model::DataType asked = exportType(sources, recipe, train["model"]);
  if (asked == model::mainType(model::readSafetensorsFolder(folder / "model")))
    return;
  try {
    model::Model ended =
        trainedModel(sources, recipe, dataBuilder, train,
                     [this](const CheckedDefinition &made) { return folderOf(made) / "model"; });
    exportModel(folder / "model", ended, asked, companionsOf(dataOf(train)->model, dataBuilder));
    say(stdout, "train {}: its model is written again as {}\n", train.name,
        exportText(sources, recipe, train));
  } catch (const train::CheckpointError &gone) {
    if (!recipe.run()["export_dtype"].is("base"))
      throw;
    say(stderr, "train {}: its model stays as it was written, not {}: {}\n", train.name,
        exportText(sources, recipe, train), gone.what());
  }
}

const BuiltTrain &TrainBuilder::build(const CheckedDefinition &train) {
  if (auto known = built.find(&train); known != built.end())
    return known->second;
  BuiltTrain result;
  result.data = dataOf(train);
  result.folder = folderOf(train);
  result.wasThere = isWhole(result.folder);
  if (result.wasThere)
    verify(result.folder);
  if (result.wasThere && trains)
    exportAsAsked(train, result.folder);
  if (result.wasThere && onlyLooks)
    return built[&train] = std::move(result);
  if (result.wasThere && origin)
    noteWhole(result.folder);
  if (result.wasThere)
    // Who never trains has only answers or results on stdout.
    say(trains ? stdout : stderr, "train {}: nothing changed, {}\n", train.name,
        result.folder.string());
  else if (onlyLooks)
    throw NotMadeYet(fmt::format("would be made after train {}", train.name));
  else if (!trains)
    throw RefusedRecipe(sources, train.where,
                        fmt::format("train '{}' is not built as the recipe says it; 'roux run {} "
                                    "--target {}' builds it",
                                    train.name, sources.path(recipe.mainFile), train.name));
  else {
    for (const data::LedgerLine &line : result.data->plan.ledger().lines())
      if (line.fate == data::Fate::Warned)
        say(stderr, "warning: train {}: {} ({} sequence{}){}\n", train.name, line.rule,
            line.sequences, line.sequences == 1 ? "" : "s", data::remedyOf(line.rule));
    sayWhy(train, madeOf(train), result.folder);
    trainOnRecord(train, result.folder);
  }
  return built[&train] = std::move(result);
}

void TrainBuilder::trainOnRecord(const CheckedDefinition &train,
                                 const std::filesystem::path &folder) {
  auto make = [&] {
    try {
      this->train(train, identityOf(train), folder);
    } catch (const NoDeviceMemory &none) { // others may have some of the device's
      throw std::runtime_error(
          fmt::format("{}; {}", none.what(), stepFor(train).needText(train.name)));
    }
  };
  if (!origin)
    return make();
  KeptRun kept(sources, recipe, train, *origin, folder, dataOf(train)->plan.steps());
  try {
    make();
  } catch (const std::exception &error) {
    kept.end(error.what(), isWhole(folder));
    throw;
  }
  kept.end("", true);
}

static train::TrainerOptions optionsFor(const CheckedRecipe &recipe, const CheckedDefinition &train,
                                        const SourceManager &sources, const TrainingData &data,
                                        const std::string &identity, const std::string &machine,
                                        const std::filesystem::path &folder) {
  train::TrainerOptions options;
  options.folder = folder;
  options.identity.recipe = XXH3_64bits(identity.data(), identity.size());
  options.identity.plan = data.plan.hash();
  options.identity.recipeText = identity;
  std::string run = fmt::format("machine: {}\n", machine); // sums are made in another order
  for (const CheckedArgument &key : recipe.run().keys)
    if (key.value.origin.kind != OriginKind::Default)
      run += fmt::format("{}: {}\n", key.name, meaningOf(key.value));
  options.identity.run = XXH3_64bits(run.data(), run.size());
  options.seed = recipe.seed;
  options.optimizer = optimizerOf(train);
  if (const CheckedValue &clip = train["clip"]; !clip.isNone())
    options.clip = clip.number;
  if (const CheckedValue &patience = train["patience"]; !patience.isNone())
    options.patience = static_cast<uint64_t>(patience.number);
  options.save = saveOf(recipe);
  options.log = logOf(recipe);
  options.stop = &GentleStop::asked();
  return options;
}

train::Schedule TrainBuilder::takeOver(const CheckedDefinition &train, const data::Plan &plan,
                                       train::CompiledStep &step, train::TrainerOptions &options) {
  if (carries(train, "optimizer"))
    options.carriedUpdates = takeMoments(before(train), step);
  train::TrainingExtent extent = scheduledOver(train);
  options.scheduleStart = extent.steps() - plan.steps();
  return scheduleOf(sources, train, extent);
}

void TrainBuilder::train(const CheckedDefinition &train, const std::string &identity,
                         const std::filesystem::path &folder) {
  const TrainingData &data = *dataOf(train);
  const FittedStep &fitted = stepFor(train);
  PeriodicEval onTheWay(sources, recipe, dataBuilder, train, train::extentOf(data.plan));
  auto ask = [&](const data::TokenStore &store) {
    return referenceOf(sources, recipe, *this, train, store, output);
  };
  auto reference = ask(data.store); // before this train's own weights are in memory
  onTheWay.askReferences(ask);
  const CheckedValue *block = adaptedBlock(recipe, train["model"]);
  model::Model start = modelOf(block ? (*block)["base"] : train["model"], Precision::Trained);
  start.config = data.model.config;
  auto program = programFor(recipe, fitted.source);
  if (std::string note = program->kernelNote(); !note.empty())
    say(stdout, "train {}: {}\n", train.name, note);
  program->setParameters(
      beginningOf(sources, recipe, train, {fitted.source.config, start.weights}));
  train::CompiledStep step(*program, data::SeedTree(recipe.seed) / train.name / "dropout");

  data::PlanInput input(data.store);
  input.reference = reference ? &*reference : nullptr;
  data::LoaderOptions loading;
  loading.run.microBatchTokens = fitted.microBatch;
  loading.inputs = formulaOf(train).inputs;
  train::PlanSource source(data.plan, input, train["weight"].expression, loading);
  std::string machine = fmt::format("{}, micro-batches of {} tokens",
                                    program->executor().program().target.name, fitted.microBatch);
  train::TrainerOptions options =
      optionsFor(recipe, train, sources, data, identity, machine, folder);
  train::Schedule schedule = takeOver(train, data.plan, step, options);
  train::Progress progress(stderr, train.name, data.plan.steps(), 0, 0);
  options.watched = onTheWay.watched();
  options.evaluateSteps = onTheWay.steps();
  options.evaluate = [&](uint64_t made) { return onTheWay.measure(made, *program); };
  train::Trainer trainer(std::move(options), schedule, source, step, progress);
  auto stops = std::make_optional<GentleStop>();
  train::TrainResult result = trainer.run();
  progress.end();
  if (!result.finished)
    throw std::runtime_error(
        fmt::format("train {}: stopped after step {} of {} and saved; the same "
                    "command goes on from there",
                    train.name, result.stepsMade, data.plan.steps()));
  if (train["keep"].calls("best"))
    takeBest(train, result, folder, step);
  data::writeSums(folder / metricsSums, {{metricsFile, data::contentHash(folder / metricsFile)}});
  model::ModelCompanions companions = companionsOf(data.model, dataBuilder);
  if (block)
    model::writeAdapterFolder(
        folder / "adapter", program->config(), program->trained(),
        baseFolder(sources, recipe, train, start, folder,
                   [this](const CheckedDefinition &made) { return build(made).folder / "model"; }),
        companions);
  exportModel(folder / "model", {start.config, endOf(start, *program)},
              exportType(sources, recipe, train["model"]), companions);
  say(stdout, "train {}: {} steps, {} tokens in {}, {}\n", train.name, result.stepsMade,
      train::countText(result.usefulTokens), train::durationText(result.seconds), folder.string());
  keepKernelTimes(recipe, train, fitted, data, *program, result.stepsMade, folder);
  stops.reset();
  if (GentleStop::asked())
    throw std::runtime_error(fmt::format(
        "stopped after train {}, which is whole; the same command goes on from there", train.name));
}

} // namespace roux
