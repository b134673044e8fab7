//===- Run.cpp - `roux run` -----------------------------------------------===//
//
// Builds what a recipe ends in: its trains and their models, then its evals. What
// this build cannot do is refused before any work.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Check.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/EvalBuild.h"
#include "compiler/tools/RecipeFile.h"
#include "compiler/tools/RunReport.h"
#include "compiler/tools/Settings.h"

#include <fmt/format.h>

namespace roux {

/// Refuses, at their lines, all constructs that are checked only.
static bool refuseCheckedOnly(const SourceManager &sources, const CheckedRecipe &recipe) {
  for (const CheckedOnly &only : recipe.checkedOnly) {
    LineColumn at = sources.locate(only.where.file, only.where.begin);
    fmt::print(stderr, "{}:{}:{}: error: '{}' is checked, but this build does not run it\n",
               sources.path(only.where.file), at.line, at.column, only.construct);
  }
  return !recipe.checkedOnly.empty();
}

static int runDefinitions(const SourceManager &sources, const CheckedRecipe &recipe,
                          const std::string &path, const std::string &target) {
  TrainBuilder trains(sources, recipe, outputFolder(path));
  RunReport page(sources, recipe);
  bool found = false;
  for (const CheckedDefinition &definition : recipe.definitions) {
    if (!definition.inMainFile || (!target.empty() && definition.name != target))
      continue;
    bool isTrain = definition.kind == ast::Kind::Train;
    if (!isTrain && definition.kind != ast::Kind::Eval)
      continue;
    found = true;
    if (isTrain)
      page.add(definition, trains.build(definition));
    else
      page.add(runEval(sources, recipe, definition, trains));
  }
  if (!found)
    return refuse(target.empty() ? "the recipe has no train or eval, so there is nothing to run"
                                 : fmt::format("no train or eval is named '{}'", target));
  fmt::print("report: {}\n", page.write(outputFolder(path)).string());
  return 0;
}

static int runRecipe(const std::string &path, const std::string &target, CheckOptions options) {
  SourceManager sources;
  std::optional<uint32_t> file = openRecipe(sources, path);
  if (!file)
    return 1;
  Diagnostics diagnostics(sources);
  options.files = true;
  std::optional<CheckedRecipe> recipe = check(sources, *file, diagnostics, options);
  if (printFound(diagnostics) || !recipe || refuseCheckedOnly(sources, *recipe))
    return 1;
  return runDefinitions(sources, *recipe, path, target);
}

int runRun(int argc, char **argv) {
  CLI::App app("build a recipe's trains and evals; what is there and unchanged is skipped",
               "roux run");
  std::string path, target;
  std::vector<std::string> set;
  app.add_option("recipe", path, "the recipe")->required();
  app.add_option("--target", target, "only this train or eval, and what it needs");
  addSettings(app, set);
  CheckOptions options;
  addRunKeys(app, options);
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  return guarded([&] { return readSettings(set, options) ? runRecipe(path, target, options) : 1; });
}

} // namespace roux
