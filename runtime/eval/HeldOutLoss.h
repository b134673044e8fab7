//===- HeldOutLoss.h - the loss of data a model was not trained on --------===//
//
// `loss(data, by: position | source)`: the plain mean over targets. How sequences go
// through the model together is a matter of speed alone.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/TokenStore.h"
#include "runtime/data/batch/MicroBatch.h"
#include "runtime/eval/LossGroups.h"

#include <span>

namespace roux::eval {

/// The `nll` entry of a Program.
class NllProgram {
public:
  virtual ~NllProgram() = default;
  /// Sets nll[j] for each row j of `batch` that has a label: how surprising it is. Of a batch only
  /// what a loss needs is set: tokens, labels, positions and segmentOffsets.
  virtual void nll(const data::MicroBatch &batch, std::span<double> nll) = 0;
};

/// Runs all sequences of `store` through `program`, whole, and together while they have no more
/// than `streamTokens` tokens. Each label counts once. Throws std::runtime_error for a loss that
/// is no number.
LossGroups heldOutLoss(NllProgram &program, const data::TokenStore &store,
                       uint64_t streamTokens = 4096);

} // namespace roux::eval
