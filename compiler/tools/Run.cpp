//===- Run.cpp - `roux run` -----------------------------------------------===//
//
// Builds what a recipe ends in: its trains and their models, then its evals. What
// this build cannot do is refused before any work.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/EvalBuild.h"
#include "compiler/tools/RunReport.h"
#include "compiler/tools/RunnableRecipe.h"
#include "compiler/tools/Settings.h"

#include <fmt/format.h>

namespace roux {

static int runDefinitions(const SourceManager &sources, const CheckedRecipe &recipe,
                          const std::string &path, const std::string &target) {
  TrainBuilder trains(sources, recipe, outputFolder(path));
  EvalBuilder evals(sources, recipe, trains, outputFolder(path));
  RunReport page(sources, recipe);
  std::vector<const CheckedDefinition *> wanted;
  for (const CheckedDefinition &definition : recipe.definitions)
    if ((definition.kind == ast::Kind::Train || definition.kind == ast::Kind::Eval) &&
        definition.inMainFile && (target.empty() || definition.name == target))
      wanted.push_back(&definition);
  for (const CheckedDefinition *definition : wanted)
    if (definition->kind == ast::Kind::Eval)
      evals.prepare(*definition);
  for (const CheckedDefinition *definition : wanted)
    if (definition->kind == ast::Kind::Train)
      page.add(*definition, trains.build(*definition));
    else
      page.add(*definition, evals.build(*definition));
  if (wanted.empty())
    return refuse(target.empty() ? "the recipe has no train or eval, so there is nothing to run"
                                 : fmt::format("no train or eval is named '{}'", target));
  fmt::print("report: {}\n", page.write(outputFolder(path)).string());
  return 0;
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
  return guarded([&] {
    if (!readSettings(set, options))
      return 1;
    return withRunnable(path, options,
                        [&](const SourceManager &sources, const CheckedRecipe &recipe) {
                          return runDefinitions(sources, recipe, path, target);
                        });
  });
}

} // namespace roux
