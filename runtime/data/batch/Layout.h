//===- Layout.h - who computes which part of a step -----------------------===//
//
// The plan says what a step is; the `run` block says on how many ranks and in what
// portions it is computed. The layout joins them, is a pure function of both, and
// is never stored: another machine may choose another one and train the same.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/plan/Plan.h"

#include <cstdint>
#include <string>
#include <vector>

namespace roux::data {

/// What of a `run` block decides a layout.
struct RunShape {
  uint32_t ranks = 1;
  uint64_t microBatchTokens = 0; ///< positions; 0: a rank's share of a step at once
  /// Time of a segment of length L, up to a factor: linear * L + quadratic * L * L.
  double linear = 1;
  double quadratic = 0;
};

/// Sequences of a step that are computed together, by their index in it, ascending.
using Portion = std::vector<uint32_t>;

struct StepLayout {
  std::vector<std::vector<Portion>> ranks; ///< each rank's portions, the costliest first
  std::vector<double> costs;               ///< of each rank
  double longest = 0;                      ///< cost of the costliest indivisible part
  /// No layout has a costliest rank below this.
  double floor = 0;

  double mean() const;
  double costliest() const;
  /// How much the ranks differ: (costliest - cheapest) / mean.
  double spread() const;
  /// One line for people: the spread, and the bound that shows how near the best it is.
  std::string text() const;
};

/// A sequence is indivisible, and so is a pack where attention or labels cross it. A part longer
/// than `microBatchTokens` is a portion of its own.
StepLayout layOut(const Plan &plan, const PlanStep &step, const RunShape &run);

} // namespace roux::data
