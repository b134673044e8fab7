//===- ShowStage.cpp - `roux inspect` for the stages that need MLIR -------===//
//
// A recipe as the recipe dialect, and each of its trains' step on its way to the
// machine.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/PrintRecipe.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/DumpStages.h"
#include "compiler/tools/InspectOptions.h"
#include "compiler/tools/KernelPage.h"
#include "compiler/tools/MeasureKernels.h"
#include "compiler/tools/RecipeDevice.h"
#include "compiler/tools/RecipeFile.h"
#include "compiler/tools/StepMemory.h"
#include "compiler/tools/StepOfRecipe.h"

#include "runtime/Say.h"
#include "runtime/data/AtomicFile.h"

#include <fmt/format.h>

namespace roux {

static bool isForGPU(const CheckedRecipe &recipe) {
  const TargetDescription *target = targetNamed(codeTargetOf(recipe).machine);
  return target && target->isGPU();
}

/// How long kernels took, or would take; none where nobody can say.
static std::optional<MeasuredKernels>
timesOf(const SourceManager &sources, const CheckedRecipe &recipe, const CheckedDefinition &train,
        const FittedStep &fitted, const TrainingData *data, bool measures) {
  if (measures) {
    refuseUnfit(sources, recipe, train, fitted);
    return measureKernels(sources, recipe, train, fitted, *data);
  }
  std::optional<MeasuredKernels> predicted = predictKernels(train, fitted, data);
  if (!predicted)
    fmt::print(stderr, "note: no times are predicted: what kernels reach is known of bf16 on "
                       "sm_90a\n");
  else if (!data)
    fmt::print(stderr,
               "note: without the train's data, times are those of one sequence of {} "
               "tokens\n",
               fitted.memory.tokens);
  return predicted;
}

/// Writes the kernels beside the recipe. False after saying what is wrong.
static bool writePage(const SourceManager &sources, const CheckedDefinition &definition,
                      const StepSource &source, const InspectRequest &request) {
  std::optional<ListedKernels> listed = listStep(source, request.text);
  if (!listed)
    return false;
  size_t count = listed->kernels.size();
  KernelPage page{request.path,
                  fmt::format("{} {} on {}: {} kernel{}. A line leads to the instructions that "
                              "it became, and each of them back to its line.",
                              definition.kind == ast::Kind::Eval ? "eval" : "train",
                              definition.name, request.text.architecture, count,
                              count == 1 ? "" : "s"),
                  {},
                  std::move(*listed)};
  for (uint32_t file = 0; file < sources.size(); ++file)
    page.files.push_back({std::string(sources.path(file)), std::string(sources.text(file))});
  if (source.edited)
    page.files.push_back({source.edited->path, source.edited->text});
  data::writeWhole(request.page, kernelPage(page));
  if (!page.listed.withoutSASS.empty())
    say(stderr, "note: the page has no SASS: {}\n", page.listed.withoutSASS);
  return true;
}

/// Prints the stage and writes the page and the dump, of what measures an eval's model and lets it
/// write. False after saying what is wrong.
static bool showEval(const SourceManager &sources, const CheckedRecipe &recipe,
                     const CheckedDefinition &eval, const InspectRequest &request) {
  const std::string &stage = request.text.stage;
  std::string what = stage == "grad" || stage == "memory" ? "--emit=" + stage
                     : request.measures                   ? "--measure"
                     : request.edited                     ? "--from"
                                                          : "";
  if (!what.empty())
    throw std::runtime_error(
        fmt::format("{} is of a train's step, and '{}' is an eval", what, eval.name));
  std::optional<StageDump> dump;
  if (!request.dumpFolder.empty())
    dump.emplace(request.dumpFolder);
  DataBuilder builder(sources, recipe, readingFolder(request.path));
  StepSource source = evaluationOf(sources, recipe, eval,
                                   request.config.empty() ? builder.modelOf(eval["model"]).config
                                                          : model::readConfig(request.config));
  if (!stage.empty()) {
    if (stage == "table" && isForGPU(recipe))
      say(stderr, "note: no times are predicted: how many tokens an eval reads at once is not "
                  "planned\n");
    std::optional<std::string> text = printStage(source, request.text);
    if (!text)
      return false;
    fmt::print("{}", *text);
  }
  if (!request.page.empty() && !writePage(sources, eval, source, request))
    return false;
  if (!dump)
    return true;
  std::optional<std::vector<StageFile>> files = stagesOfEval(sources, recipe, source);
  if (files)
    dump->write(eval.name, *files);
  return files.has_value();
}

/// The same of a train's step.
static bool showTrain(const SourceManager &sources, const CheckedRecipe &recipe,
                      const CheckedDefinition &train, const InspectRequest &request) {
  std::optional<StageDump> dump;
  if (!request.dumpFolder.empty())
    dump.emplace(request.dumpFolder);
  DataBuilder builder(sources, recipe, readingFolder(request.path));
  bool standsIn = !request.config.empty();
  std::optional<TrainingData> data;
  if (request.measures && standsIn)
    throw std::runtime_error(
        "--measure runs a step on the recipe's data, and --config stands in for "
        "a model that is not here; leave one of the two out");
  bool predicts = request.text.stage == "table" && !request.measures && isForGPU(recipe);
  if (!standsIn && (dump || request.text.stage == "memory" || request.measures || predicts))
    data.emplace(builder.build(train));
  StepSource source =
      stepOf(sources, recipe, train,
             standsIn ? model::readConfig(request.config)
                      : (data ? data->model : builder.modelOf(train["model"])).config);
  source.edited = request.edited;
  FittedStep fitted = fitStep(recipe, train, std::move(source), data ? &data->plan : nullptr);
  if (request.text.stage == "memory") {
    fmt::print("{}", fitted.text());
  } else if (!request.text.stage.empty()) {
    std::optional<MeasuredKernels> measured;
    if (request.measures || predicts)
      measured = timesOf(sources, recipe, train, fitted, data ? &*data : nullptr, request.measures);
    std::optional<std::string> text =
        printStage(fitted.source, request.text, measured ? &*measured : nullptr);
    if (!text)
      return false;
    fmt::print("{}", *text);
  }
  if (!request.page.empty() && !writePage(sources, train, fitted.source, request))
    return false;
  if (!dump)
    return true;
  std::optional<std::vector<StageFile>> files =
      stagesOfTrain(sources, recipe, train, fitted, data ? &*data : nullptr);
  if (files)
    dump->write(train.name, *files);
  return files.has_value();
}

static int show(InspectRequest &request) {
  SourceManager sources;
  std::optional<uint32_t> file = openRecipe(sources, request.path);
  if (!file)
    return 1;
  Diagnostics diagnostics(sources);
  request.text.cacheFolder = kernelCacheFolder();
  request.check.files = request.text.stage != "recipe" && request.config.empty();
  std::optional<CheckedRecipe> recipe = check(sources, *file, diagnostics, request.check);
  if (printFound(diagnostics) || !recipe)
    return 1;
  if (request.text.stage != "recipe") {
    const CheckedDefinition &definition = trainOrEvalNamed(*recipe, request.target);
    if (definition.kind == ast::Kind::Eval)
      return !showEval(sources, *recipe, definition, request);
    try {
      return !showTrain(sources, *recipe, definition, request);
    } catch (const NoDevice &missing) {
      if (request.measures)
        throw;
      throw NoDevice(missing.withRemedy());
    }
  }
  fmt::print("{}", printRecipe(sources, *recipe));
  return 0;
}

int runShowStage(int argc, char **argv) {
  InspectRequest request;
  if (std::optional<int> done = readInspect(argc, argv, request))
    return *done;
  return guarded([&] { return show(request); });
}

} // namespace roux
