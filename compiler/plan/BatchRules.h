//===- BatchRules.h - a train's batch, position and length as a spec ------===//
//
// The planner asks its question as plain values; this writes the question down
// from a checked `train`. Nothing of `run` is in it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"
#include "runtime/data/TokenStore.h"
#include "runtime/data/plan/Spec.h"

namespace roux {

/// What the planner is asked for `train`, whose model reaches over `context` tokens. Throws
/// RefusedRecipe for a position that no plan can hold, or a length in time.
data::PlanSpec planSpecOf(const SourceManager &sources, const CheckedRecipe &recipe,
                          const CheckedDefinition &train, uint64_t context);

/// The fields and memberships that the expressions of `train` read of a sequence.
data::StoreSchema storeSchemaOf(const CheckedDefinition &train);

/// What the loss of `train`, which is of pairs, reads of a pair that only its record knows.
data::StoreSchema pairSchemaOf(const CheckedDefinition &train);

} // namespace roux
