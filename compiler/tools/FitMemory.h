//===- FitMemory.h - a step that fits the machine's memory ----------------===//
//
// `run { recompute: auto }`: keeping what layers computed saves a quarter of a
// step's arithmetic and costs memory that grows with depth and tokens. Whether
// there is enough is known once the step is compiled and its plan is made.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"
#include "compiler/pipeline/CompileStep.h"
#include "runtime/data/plan/Plan.h"

namespace roux {

/// Tokens of the largest micro-batch of `plan` under the recipe's `run`.
int64_t largestMicroBatch(const CheckedRecipe &recipe, const data::Plan &plan);

/// Compiles `source` for micro-batches of up to `tokens` tokens. Where the recipe leaves it open,
/// layers keep what their gradients read if state and activations fit in three quarters of the
/// memory available now, and are computed again otherwise: the same bits either way. `source` then
/// says which. None after saying on stderr what is wrong.
std::optional<Program> compileFitting(const CheckedRecipe &recipe, StepSource &source,
                                      int64_t tokens);

} // namespace roux
