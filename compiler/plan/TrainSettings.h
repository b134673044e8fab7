//===- TrainSettings.h - a train's schedule, optimizer and saves ----------===//
//
// What the trainer is told, as its own plain values.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"
#include "runtime/data/plan/Plan.h"
#include "runtime/train/Trainer.h"

#include <functional>

namespace roux {

class SourceManager;

/// The parts of `schedule:`, in order.
std::vector<train::Phase> phasesOf(const CheckedDefinition &train);
using PlanOfTrain = std::function<const data::Plan &(const CheckedDefinition &)>;
/// What the schedule of `train` runs over: its plan, behind those of trains whose schedule it
/// carries on.
train::TrainingExtent scheduledOver(const CheckedRecipe &recipe, const CheckedDefinition &train,
                                    const PlanOfTrain &planOf);
/// Throws RefusedRecipe, at `schedule:`, for one that does not fit what it runs over.
train::Schedule scheduleOf(const SourceManager &sources, const CheckedDefinition &train,
                           const train::TrainingExtent &extent);
train::AdamW optimizerOf(const CheckedDefinition &train);
/// `save:` and `log:` of the run block.
train::SaveInterval saveOf(const CheckedRecipe &recipe);
train::Interval logOf(const CheckedRecipe &recipe);
/// Does `carry:` name `what`?
bool carries(const CheckedDefinition &train, std::string_view what);

} // namespace roux
