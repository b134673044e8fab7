//===- Inspect.cpp - `roux inspect` ---------------------------------------===//
//
// Shows a recipe at one stage of its way to the machine. The stages of the front
// end are answered here; the rest is roux-compiler's.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/ASTPrinter.h"
#include "compiler/frontend/Check.h"
#include "compiler/frontend/Objective.h"
#include "compiler/frontend/Parser.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/PlannedTrain.h"
#include "compiler/tools/RecipeFile.h"
#include "compiler/tools/Settings.h"
#include "compiler/tools/Stages.h"
#include "compiler/tools/Verbs.h"
#include "runtime/data/view/PlanText.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iostream>

namespace roux {

static const Stage *stageNamed(std::string_view name) {
  const Stage *stage = std::find_if(std::begin(stages), std::end(stages),
                                    [&](const Stage &s) { return s.name == name; });
  return stage == std::end(stages) ? nullptr : stage;
}

static int unknownStage(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Stage &stage : stages)
    names.push_back(stage.name);
  return refuse(fmt::format("unknown stage '{}'{}; stages are {}", name, didYouMean(name, names),
                            fmt::join(names, ", ")));
}

static int showTree(const std::string &path) {
  SourceManager sources;
  std::optional<uint32_t> file = openRecipe(sources, path);
  if (!file)
    return 1;
  Diagnostics diagnostics(sources);
  std::unique_ptr<ast::File> tree = parse(sources, *file, diagnostics);
  fmt::print("{}", printAST(*tree, &sources));
  return printFound(diagnostics);
}

static int showLoss(const std::string &path, const CheckOptions &options) {
  SourceManager sources;
  std::optional<uint32_t> file = openRecipe(sources, path);
  if (!file)
    return 1;
  Diagnostics diagnostics(sources);
  std::optional<CheckedRecipe> recipe = check(sources, *file, diagnostics, options);
  if (recipe)
    fmt::print("{}", describeObjectives(sources, *recipe));
  return printFound(diagnostics);
}

static int showPlan(const std::string &path, const std::string &target,
                    const CheckOptions &options) {
  return withPlannedTrain(path, target, options,
                          [](const CheckedDefinition &, const TrainingData &data) {
                            data::printPlan(std::cout, data.plan, data.store);
                          });
}

static std::string stageHelp() {
  std::string help = "what to show:";
  for (const Stage &stage : stages)
    help += fmt::format("\n  {:<8} {}", stage.name, stage.produces);
  return help;
}

int runInspect(int argc, char **argv) {
  CLI::App app("look at any stage of a recipe", "roux inspect");
  std::string path, emit, target;
  std::vector<std::string> set;
  app.add_option("recipe", path, "the recipe")->required();
  app.add_option("--emit", emit, stageHelp())->required();
  app.add_option("--target", target, "for plan: the train to look at; the last one if not said");
  addSettings(app, set);
  app.allow_extras(); // the options of roux-compiler's stages, which it checks
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  const Stage *stage = stageNamed(emit);
  if (!stage)
    return unknownStage(emit);
  if (stage->needsMLIR)
    return runCompiler(argc, argv);
  if (!app.remaining().empty())
    return refuse(fmt::format("--emit={} has no option '{}'", emit, app.remaining().front()));
  return guarded([&] {
    if (emit == "ast")
      return showTree(path);
    CheckOptions options;
    if (!readSettings(set, options))
      return 1;
    return emit == "plan" ? showPlan(path, target, options) : showLoss(path, options);
  });
}

} // namespace roux
