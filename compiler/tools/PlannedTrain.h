//===- PlannedTrain.h - a recipe's trains with their data -----------------===//
//
// `check`, `preview` and `inspect --emit=plan` look at what a train reads. Each needs
// the same: the recipe checked, its data tokenized, its steps planned.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Check.h"
#include "compiler/plan/TrainingData.h"
#include "compiler/tools/RecipeFile.h"

#include <functional>
#include <string>

namespace roux {

/// Builds what the train named `target` of the recipe at `path` reads (empty: of the last train in
/// the text) and hands it to `show`. The exit status; mistakes of the recipe have been printed.
/// Throws the exceptions of runtime/ and RefusedRecipe.
int withPlannedTrain(
    const std::string &path, const std::string &target, const CheckOptions &options,
    const std::function<void(const CheckedDefinition &, const TrainingData &)> &show);

/// The data, steps, weights and losses of every train of a recipe without mistakes, as text. A
/// train whose data this build cannot make says so instead.
std::string dataSummaries(const SourceManager &sources, const CheckedRecipe &recipe,
                          const std::string &path);

} // namespace roux
