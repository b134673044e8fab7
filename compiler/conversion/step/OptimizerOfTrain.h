//===- OptimizerOfTrain.h - an optimizer's keys as an update's table ------===//
//
// `optimizer:` is an option of the recipe dialect: words, numbers and lists by name.
// What an update is built from is UpdateRules' table; this is the way between them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/step/UpdateRules.h"
#include "dialects/Recipe/Recipe.h"

namespace roux::step {

/// What `train` says of its updates. `clip:` is no part of it: the trainer clips, once it has seen
/// the norm of all gradients. Groups know rates as shares of the optimizer's. Fails with a
/// diagnostic for a key that is missing or of another kind, or a group of which the train changes
/// nothing: texts are edited.
llvm::FailureOr<UpdateSettings> updateOfTrain(recipe::TrainOp train,
                                              const model::ModelConfig &config);

} // namespace roux::step
