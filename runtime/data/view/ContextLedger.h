//===- ContextLedger.h - how much context a plan leaves its targets -------===//
//
// A rule that cuts can do all that it says and still undo what a recipe is for: a
// long document in two halves trains half the context. So the plan is asked, by
// length, what stays whole, and what its targets really see.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/plan/Plan.h"

namespace roux::data {

struct ContextLedger {
  /// Sequences of the store with a length in [2^i, 2^(i+1)), and how many of them are laid down
  /// whole, in pieces or in part, or not at all, in the first epoch.
  struct Class {
    uint64_t whole = 0, torn = 0, absent = 0;
    uint64_t sequences() const { return whole + torn + absent; }
  };
  std::vector<Class> classes;
  /// Tokens before a target that it can see, over the targets of `looked` sequences.
  uint64_t looked = 0, targets = 0;
  double mean = 0;
  uint64_t median = 0, most = 0;

  std::string text() const;
};

/// Looks at all lengths, and at the targets of sequences with about `tokens` tokens, evenly spread.
ContextLedger contextOf(const Plan &plan, const TokenStore &store, uint64_t tokens = 1 << 20);

} // namespace roux::data
