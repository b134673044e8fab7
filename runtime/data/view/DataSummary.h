//===- DataSummary.h - what a plan will train on, on one screen -----------===//
//
// The questions people ask their logs after a week, answered before the first step:
// how many steps, how full, how uneven, and what was lost.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/batch/Layout.h"
#include "runtime/data/batch/StepWeights.h"

#include <optional>
#include <string>
#include <vector>

namespace roux::data {

/// Least, mean and most of something a step.
struct Spread {
  double least = 0, mean = 0, most = 0;
  uint64_t count = 0;
  void add(double value);
};

struct DataSummary {
  /// Sequences with a length in [2^i, 2^(i+1)) positions, and their tokens.
  struct Bar {
    uint64_t sequences = 0, tokens = 0;
  };
  struct SourceCount {
    std::string name;
    uint64_t sequences = 0, tokens = 0, targets = 0; ///< in the store
  };
  std::vector<Bar> lengths;
  std::vector<SourceCount> sources;
  uint64_t steps = 0, epochs = 0;
  Spread sequences, positions, targets; ///< a step
  double occupancy = 0;                 ///< of packs; 0: there are none
  /// Weights are read in so many of the steps; none where a model has a say in them.
  uint64_t stepsWeighed = 0;
  Spread weightSums;
  double lightest = 0, heaviest = 0; ///< sequence weights
  std::string lightestName, heaviestName;
  uint64_t zeroWeights = 0;        ///< targets that weigh nothing
  std::optional<StepLayout> worst; ///< of the steps weighed, the layout with the largest spread
  std::string context;             ///< ContextLedger::text()
  std::string ledger;

  std::string text() const;
  /// The same numbers as one JSON object, without the ledger.
  std::string json() const;
};

/// Steps are weighed, evenly spread over the plan, until about `sequences` have been. Throws
/// PlanError for weights that are no numbers.
DataSummary summarize(const Plan &plan, const TokenStore &store, const Expression &weight,
                      const RunShape &run = {}, uint64_t sequences = 100000);

} // namespace roux::data
