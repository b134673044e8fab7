//===- TrainTuning.h - which weights a train changes ----------------------===//
//
// `freeze:` and `adapt:` name parts of any model; which weights and layers those
// are is known once there is a config.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"
#include "runtime/model/ModelConfig.h"

namespace roux {

class SourceManager;

/// The block with `adapt:` around what the model value of a train is made of; null where it has
/// none. What is inside it, as `base`, are the weights that the adapter is added to.
const CheckedValue *adaptedBlock(const CheckedRecipe &recipe, const CheckedValue &model);

/// What `train` leaves as it is in a model of that shape, and what it adds. Throws RefusedRecipe
/// for layers or matrices that the model does not have, for half of a tied table, where nothing is
/// left to train, and for an adapter that is another than the one it goes on from; ModelError for
/// the folder of that.
model::Tuning tuningOf(const SourceManager &sources, const CheckedRecipe &recipe,
                       const CheckedDefinition &train, const model::ModelConfig &config);

} // namespace roux
