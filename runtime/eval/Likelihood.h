//===- Likelihood.h - how likely a text is behind another -----------------===//
//
// Questions with choices are answered by the likeliest: a model that writes no letter
// of them may know the answer all the same.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/eval/HeldOutLoss.h"

#include <vector>

namespace roux::eval {

struct Continuation {
  std::vector<int32_t> before, after; ///< neither is empty
  uint64_t size() const { return before.size() + after.size(); }
};

/// Logarithm of the probability of each `after` behind its `before`, together while they have no
/// more than `streamTokens` tokens. Throws std::runtime_error for one that is no number.
std::vector<double> likelihoods(NllProgram &program, std::span<const Continuation> continuations,
                                uint64_t streamTokens = 4096);

} // namespace roux::eval
