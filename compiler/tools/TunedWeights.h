//===- TunedWeights.h - from a model's weights to a program's, and back ---===//
//
// A program trains some of a model's weights, or an adapter beside them. What it
// begins with, and what model it ends with, is more than it trains.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/plan/ModelWeights.h"
#include "runtime/train/ModelProgram.h"

namespace roux {

/// The parameters that `train` begins with: the weights of `start`, whose config has the train's
/// tuning, with an adapter where it has one. Throws ModelError for the folder of that.
model::Weights beginningOf(const SourceManager &sources, const CheckedRecipe &recipe,
                           const CheckedDefinition &train, const model::Model &start);

/// The weights of `start` with those that `program` trained; what is frozen is as it was read, and
/// an adapter is merged.
model::Weights endOf(const model::Model &start, train::ModelProgram &program);

/// Where the model is that the adapter of `train` is added to: the folder that it was read from, or
/// one written of `start` in `folder`.
std::filesystem::path baseFolder(const SourceManager &sources, const CheckedRecipe &recipe,
                                 const CheckedDefinition &train, const model::Model &start,
                                 const std::filesystem::path &folder, const TrainedModel &trained);

} // namespace roux
