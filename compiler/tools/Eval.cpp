//===- Eval.cpp - `roux eval` ---------------------------------------------===//
//
// Measures what is trained and trains nothing: a number is wanted now, and not after
// a night of training that a changed line would begin.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/EvalBuild.h"
#include "compiler/tools/EvalPredictions.h"
#include "compiler/tools/RunnableRecipe.h"
#include "compiler/tools/Settings.h"
#include "runtime/data/Temporary.h"
#include "runtime/train/RunLock.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux {

/// The evals of the main file, or the one named `target`; none after saying what is wrong.
static std::vector<const CheckedDefinition *> evalsOf(const CheckedRecipe &recipe,
                                                      const std::string &target) {
  std::vector<const CheckedDefinition *> found;
  std::vector<std::string_view> names;
  for (const CheckedDefinition &definition : recipe.definitions)
    if (definition.kind == ast::Kind::Eval && definition.inMainFile) {
      names.push_back(definition.name);
      if (target.empty() || definition.name == target)
        found.push_back(&definition);
    }
  if (found.empty())
    refuse(target.empty()
               ? "the recipe has no eval, so there is nothing to measure"
               : fmt::format("no eval is named '{}'{}", target, didYouMean(target, names)));
  return found;
}

int runEval(int argc, char **argv) {
  CLI::App app("measure what a recipe's evals say of trains that are built; nothing is trained",
               "roux eval");
  std::string path, target, predictions;
  std::vector<std::string> set;
  app.add_option("recipe", path, "the recipe")->required();
  app.add_option("--target", target, "only this eval");
  app.add_option("--predictions", predictions,
                 "a folder of NAME.jsonl, one a data set: score them and ask no model");
  DiagnosticForm form = DiagnosticForm::Text;
  addDiagnostics(app, form);
  addSettings(app, set);
  CheckOptions options;
  addRunKeys(app, options);
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  return guarded(
      [&] {
        if (!readSettings(set, options))
          return 1;
        if (!predictions.empty())
          return withChecked(
              path, options,
              [&](const SourceManager &sources, const CheckedRecipe &recipe) {
                std::vector<const CheckedDefinition *> evals = evalsOf(recipe, target);
                if (evals.empty())
                  return 1;
                train::RunLock lock(outputFolder(path));
                return scorePredictions(sources, recipe, evals, predictions, outputFolder(path));
              },
              form);
        return withRunnable(
            path, options,
            [&](const SourceManager &sources, const CheckedRecipe &recipe) {
              std::vector<const CheckedDefinition *> evals = evalsOf(recipe, target);
              train::RunLock lock(outputFolder(path));
              data::removeTemporaries(outputFolder(path) / "evals");
              TrainBuilder trains(sources, recipe, outputFolder(path));
              trains.neverTrain();
              EvalBuilder builder(sources, recipe, trains, outputFolder(path));
              for (const CheckedDefinition *eval : evals)
                builder.prepare(*eval);
              for (const CheckedDefinition *eval : evals)
                builder.build(*eval);
              return evals.empty() ? 1 : 0;
            },
            form);
      },
      form);
}

} // namespace roux
