//===- ReferenceBuild.h - what a reference says of a train's pairs --------===//
//
// A reference does not change while a train runs, so it is asked once, before, and
// neither its weights nor its steps are in memory later. Of a train of an adapter the
// model below it is the base with the adapter off.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/tools/TrainBuild.h"
#include "runtime/data/plan/PlanInput.h"

namespace roux {

/// Of each pair of `store` the log-probabilities of its answers under the model that `reference:`
/// of `train` names, in f32 or better whatever `dtype` says; nothing where it names none. Kept
/// under `output`, and asked only where they are not there. Throws what building that model throws,
/// and FileError.
std::optional<data::PairReference> referenceOf(const SourceManager &sources,
                                               const CheckedRecipe &recipe, TrainBuilder &trains,
                                               const CheckedDefinition &train,
                                               const data::TokenStore &store,
                                               const std::filesystem::path &output);

} // namespace roux
