//===- HeldOutLoss.h - the loss of data a model was not trained on --------===//
//
// `loss(data, by: position | source)`: the plain mean over targets, of a plan whose
// batches are a matter of speed alone.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/batch/BatchLoader.h"
#include "runtime/eval/LossGroups.h"

#include <span>

namespace roux::eval {

/// The `nll` entry of a Program.
class NllProgram {
public:
  virtual ~NllProgram() = default;
  /// Sets nll[j] for each row j of `batch` that has a label: how surprising it is.
  virtual void nll(const data::MicroBatch &batch, std::span<float> nll) = 0;
};

/// Runs all steps of `plan` through `program`. Each target counts once, whatever its weight,
/// and what the policy cut away does not count. Throws what loading throws, and std::runtime_error
/// for a loss that is no number.
LossGroups heldOutLoss(NllProgram &program, const data::Plan &plan, const data::PlanInput &input,
                       const Expression &weight, const data::LoaderOptions &options);

} // namespace roux::eval
