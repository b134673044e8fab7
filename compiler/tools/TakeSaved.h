//===- TakeSaved.h - weights and moments out of a train's saves -----------===//
//
// What trains leave behind is more than their models, and others go on from it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/tools/TrainBuild.h"
#include "runtime/train/CompiledStep.h"
#include "runtime/train/Trainer.h"

namespace roux {

/// Gives `step` the moments that the training in `from` ended with; the updates they are made of.
/// Throws CheckpointError where they are not there.
uint64_t takeMoments(const BuiltTrain &from, train::CompiledStep &step);

/// Gives `step` the weights that `keep: best(…)` asks for, and says which they are.
void takeBest(const CheckedDefinition &train, const train::TrainResult &result,
              const std::filesystem::path &folder, train::CompiledStep &step);

} // namespace roux
