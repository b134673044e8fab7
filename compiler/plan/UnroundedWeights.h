//===- UnroundedWeights.h - what a training ended with --------------------===//
//
// A folder may hold a model in fewer bits than it was trained in. A stage that starts
// from it would lose the small updates of the one before, so it takes the weights
// from where they were saved.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/Weights.h"

#include <functional>

namespace roux {

/// True where every tensor is f32, so that nothing was rounded.
bool isUnrounded(const model::Weights &weights);

/// The weights of the last save in `folder`, or of the best where the train keeps that; what is in
/// no save, because it was frozen, as `start` has it. `exported` is its model as it was written,
/// with rows in the order of the train. Throws CheckpointError where there is no such save.
model::Weights unroundedWeights(const std::filesystem::path &folder, const model::Weights &exported,
                                const std::function<model::Weights()> &start);

/// Throws CheckpointError unless `exported`, which was written in `folder`, is `weights` rounded.
void checkRounded(const std::filesystem::path &folder, const model::Weights &weights,
                  const model::Weights &exported);

} // namespace roux
