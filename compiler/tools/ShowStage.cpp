//===- ShowStage.cpp - `roux inspect` for the stages that need MLIR -------===//
//
// A recipe as the recipe dialect, and each of its trains' step on its way to the
// machine.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Check.h"
#include "compiler/import/PrintRecipe.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/FitMemory.h"
#include "compiler/tools/RecipeFile.h"
#include "compiler/tools/Settings.h"
#include "compiler/tools/StepOfRecipe.h"
#include "runtime/train/ModelProgram.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

namespace roux {

namespace {
struct StageRequest {
  std::string path, target, config;
  StageText text;
};

/// An option that not every stage reads.
struct StageOption {
  std::string_view name;
  std::initializer_list<std::string_view> stages;
};
} // namespace

std::string kernelCacheFolder() {
  if (const char *cache = std::getenv("XDG_CACHE_HOME"); cache && *cache)
    return std::string(cache) + "/roux";
  const char *home = std::getenv("HOME");
  return home && *home ? std::string(home) + "/.cache/roux" : std::string();
}

/// The train to show: the one named, or the last.
static const CheckedDefinition &trainOf(const CheckedRecipe &recipe, const std::string &name) {
  const CheckedDefinition *found = nullptr;
  for (const CheckedDefinition &definition : recipe.definitions)
    if (definition.kind == ast::Kind::Train && (name.empty() || definition.name == name) &&
        (definition.inMainFile || !name.empty()))
      found = &definition;
  if (!found)
    throw std::runtime_error(name.empty() ? "the recipe has no train, so there is no step to show"
                                          : fmt::format("no train is named '{}'", name));
  return *found;
}

static std::optional<std::string> memoryText(const CheckedRecipe &recipe, StepSource &source,
                                             int64_t tokens) {
  std::optional<Program> program = compileFitting(recipe, source, tokens);
  if (!program)
    return std::nullopt;
  constexpr double mega = 1e6;
  double state = train::stateBytes(*program, source.config) / mega;
  double activations = train::activationBytes(*program, source.config, "train", tokens) / mega;
  return fmt::format("largest micro-batch            {:>9} tokens\n"
                     "parameters, gradients, moments {:>9.1f} MB\n"
                     "activations, at most           {:>9.1f} MB, layers {}\n"
                     "peak before columns            {:>9.1f} MB\n",
                     tokens, state, activations,
                     source.savesActivations ? "kept" : "computed again", state + activations);
}

static std::optional<std::string> textOf(const SourceManager &sources, const CheckedRecipe &recipe,
                                         const StageRequest &request) {
  const CheckedDefinition &train = trainOf(recipe, request.target);
  DataBuilder builder(sources, recipe, outputFolder(request.path) / "data");
  bool standIn = !request.config.empty();
  model::ModelConfig config =
      standIn ? model::readConfig(request.config) : builder.modelOf(train["model"]).config;
  StepSource source = stepOf(sources, recipe, train, config);
  if (request.text.stage != "memory")
    return printStage(source, request.text);
  return memoryText(recipe, source,
                    standIn ? config.context
                            : largestMicroBatch(recipe, builder.build(train).plan));
}

static int show(const StageRequest &request, CheckOptions options) {
  SourceManager sources;
  std::optional<uint32_t> file = openRecipe(sources, request.path);
  if (!file)
    return 1;
  Diagnostics diagnostics(sources);
  options.files = request.text.stage != "recipe" && request.config.empty();
  std::optional<CheckedRecipe> recipe = check(sources, *file, diagnostics, options);
  if (printFound(diagnostics) || !recipe)
    return 1;
  std::optional<std::string> text;
  if (request.text.stage == "recipe")
    text = printRecipe(sources, *recipe);
  else
    text = textOf(sources, *recipe, request);
  if (!text)
    return 1;
  fmt::print("{}", *text);
  return 0;
}

/// An option that would change nothing is a mistake of whoever typed it.
static int refuseUnread(const CLI::App &app, const std::string &stage) {
  static const StageOption options[] = {
      {"--target",
       {"step", "grad", "kernel", "table", "memory", "loops", "llvm", "asm", "gpu", "ptx"}},
      {"--config",
       {"step", "grad", "kernel", "table", "memory", "loops", "llvm", "asm", "gpu", "ptx"}},
      {"--kernel", {"kernel", "table", "loops", "llvm", "asm", "gpu", "ptx"}},
      {"--machine", {"loops", "llvm", "asm"}},
      {"--arch", {"ptx"}},
  };
  for (const StageOption &option : options)
    if (app.count(std::string(option.name)) &&
        std::find(option.stages.begin(), option.stages.end(), stage) == option.stages.end())
      return refuse(fmt::format("--emit={} has no option '{}'", stage, option.name));
  return 0;
}

int runShowStage(int argc, char **argv) {
  CLI::App app("look at any stage of a recipe", "roux inspect");
  StageRequest request;
  std::vector<std::string> set;
  app.add_option("recipe", request.path, "the recipe")->required();
  app.add_option("--emit", request.text.stage, "what to show")->required();
  app.add_option("--target", request.target, "which train; otherwise the last one");
  app.add_option("--kernel", request.text.kernel, "only the kernel of this name");
  app.add_option("--arch", request.text.architecture, "of ptx: sm_80, sm_90a, …");
  app.add_option("--machine", request.text.machine,
                 "of loops, llvm and asm: avx512_bf16, avx512, avx2, portable");
  app.add_option("--config", request.config, "a config.json that gives the model's shape instead");
  addSettings(app, set);
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  if (int refused = refuseUnread(app, request.text.stage))
    return refused;
  return guarded([&] {
    CheckOptions options;
    if (!readSettings(set, options))
      return 1;
    return show(request, options);
  });
}

} // namespace roux
