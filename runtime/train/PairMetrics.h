//===- PairMetrics.h - how far a model prefers what was chosen ------------===//
//
// The loss of pairs says little to a person. How many pairs the model has the right
// way round, and by how much, is logged beside it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/batch/MicroBatch.h"
#include "runtime/train/MetricsFile.h"

#include <deque>
#include <span>

namespace roux::train {

/// How far the model prefers the chosen answer of a pair, in nats. With `references`, the chosen
/// and the rejected one's: how much more it has moved towards the chosen one than towards the
/// other; without, by the mean of an answer's targets, of which there are `targets`.
double marginOf(std::span<const double> logp, std::span<const double> references,
                std::span<const double> targets);

/// Gathers the margins of a step's pairs.
class PairMetrics {
public:
  /// A micro-batch whose answers are known later.
  void await(const data::MicroBatch &batch);
  /// Those of the micro-batch that has waited longest; none where it has no pairs.
  void add(std::span<const double> logp);
  /// Appends `pairs.margin`, the mean, and `pairs.accuracy`, the share above 0; nothing where there
  /// were no pairs. Names of evaluations have a slash.
  void give(Measured &measured) const;

private:
  /// What a margin needs of a micro-batch.
  struct Awaited {
    std::vector<double> references, targets; ///< of each answer
  };
  std::deque<Awaited> awaited;
  double margins = 0, right = 0, pairs = 0;
};

/// Whether `name` of what was measured is a loss, and not how far pairs are apart.
bool isLoss(std::string_view name);

/// Whether an evaluation is among what was measured, and not only a step's own pairs.
bool isEvaluated(const Measured &measured);

} // namespace roux::train
