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
#include "compiler/pipeline/Stages.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/InspectOptions.h"
#include "compiler/tools/PlannedTrain.h"
#include "compiler/tools/RecipeFile.h"
#include "compiler/tools/Verbs.h"
#include "runtime/data/view/PlanText.h"

#include <fmt/format.h>
#include <iostream>

namespace roux {

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

int runInspect(int argc, char **argv) {
  InspectRequest request;
  if (std::optional<int> done = readInspect(argc, argv, request))
    return *done;
  const Stage *stage = stageNamed(request.text.stage);
  if (!stage || stage->needsMLIR)
    return runCompiler(argc, argv);
  return guarded([&] {
    if (stage->name == "ast")
      return showTree(request.path);
    return stage->name == "plan" ? showPlan(request.path, request.target, request.check)
                                 : showLoss(request.path, request.check);
  });
}

} // namespace roux
