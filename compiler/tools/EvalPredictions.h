//===- EvalPredictions.h - answers scored without their model -------------===//
//
// `roux eval R --predictions DIR`: what some model answered, wherever it ran, is
// scored as R's evals say. No model, data set or haystack of the recipe is opened.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"
#include "compiler/frontend/Source.h"
#include "runtime/eval/EvalResult.h"

#include <filesystem>
#include <optional>
#include <span>

namespace roux {

/// A file of predictions and how it is scored.
struct ScoredSet {
  std::string name; ///< of the data set, and of its file
  eval::Scoring scoring;
};

/// The data sets of a `longbench(…)` or `task(…)`; none for another measurement. Throws
/// RefusedRecipe for a data set that LongBench does not have.
std::optional<std::vector<ScoredSet>> scoredSetsOf(const SourceManager &sources,
                                                   const CheckedArgument &task);

/// Scores the sets of `task` from `folder`/NAME.jsonl. Throws FileError and RecordError naming the
/// file that is missing and the line that cannot be scored.
eval::ScoredResult scoredResult(const CheckedArgument &task, std::span<const ScoredSet> sets,
                                const std::filesystem::path &folder, std::string truncation);

/// Scores every such task of `evals` from `folder`, prints and keeps the results below `output`;
/// says which other measurements are left out. The exit status.
int scorePredictions(const SourceManager &sources, const CheckedRecipe &recipe,
                     std::span<const CheckedDefinition *const> evals,
                     const std::filesystem::path &folder, const std::filesystem::path &output);

} // namespace roux
