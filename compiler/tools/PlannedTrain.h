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

/// What the trains of a recipe without mistakes will read.
struct DataSummaries {
  std::string text; ///< data, steps, weights and losses
  /// What `roux run` would refuse: a diagnostic each, in the form of the summary.
  std::vector<std::string> refused;
};

/// A train whose data are made by a run alone, as scores and answers are, says so in the text.
DataSummaries dataSummaries(const SourceManager &sources, const CheckedRecipe &recipe,
                            const std::string &path);

/// The same for programs: one JSON object a train, a line each.
DataSummaries dataSummariesJson(const SourceManager &sources, const CheckedRecipe &recipe,
                                const std::string &path);

} // namespace roux
