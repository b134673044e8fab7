//===- ScoreBuild.h - the scores of a recipe, asked once ------------------===//
//
// Data that a score filters or weighs cannot be prepared before it is there, so it
// is made when a pipeline first asks for it, and kept.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/plan/Scores.h"
#include "compiler/tools/TrainBuild.h"

namespace roux {

/// A score that is there.
struct BuiltScore {
  std::filesystem::path file;
  std::shared_ptr<const data::ScoreTable> table;
};

/// Finds or makes the scores of `score`, below `output`. Trains that it asks are built. What is
/// done is said on stderr, and where it is on stdout. Throws what any part of it throws.
BuiltScore buildScore(const SourceManager &sources, const CheckedRecipe &recipe,
                      TrainBuilder &trains, const std::filesystem::path &output,
                      const CheckedDefinition &score);

} // namespace roux
