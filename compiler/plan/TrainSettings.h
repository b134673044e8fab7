//===- TrainSettings.h - a train's schedule, optimizer and saves ----------===//
//
// What the trainer is told, as its own plain values.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"
#include "runtime/train/Trainer.h"

namespace roux {

/// The parts of `schedule:`, in order.
std::vector<train::Phase> phasesOf(const CheckedDefinition &train);
train::AdamW optimizerOf(const CheckedDefinition &train);
/// `save:` and `log:` of the run block.
train::SaveInterval saveOf(const CheckedRecipe &recipe);
train::Interval logOf(const CheckedRecipe &recipe);
/// Does `carry:` name `what`?
bool carries(const CheckedDefinition &train, std::string_view what);

} // namespace roux
