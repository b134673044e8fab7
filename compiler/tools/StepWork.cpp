//===- StepWork.cpp - counted from the shape and the plan -----------------===//
//
// See the header. A product of n by m is 2 n m operations forwards, as many for the
// gradient of its input and as many for that of its weights.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/StepWork.h"

#include "runtime/model/ParameterTable.h"

#include <algorithm>

namespace roux {

namespace {
/// Of a plan's steps.
struct Counts {
  double tokens = 0, targets = 0;
  double pairs = 0, windowedPairs = 0; ///< of a token and one that it sees
};
} // namespace

/// Pairs in a causal segment of `length`, of whose tokens each sees `window` at most.
static double pairsOf(double length, double window) {
  double first = std::min(length, window);
  return first * (first + 1) / 2 + (length - first) * window;
}

static Counts countsOf(const data::Plan &plan, int64_t window) {
  constexpr uint64_t enough = 200;
  Counts counts;
  for (uint64_t i = 0; i < std::min(plan.steps(), enough); ++i) {
    data::PlanStep step = plan.step(i);
    counts.targets += static_cast<double>(step.counts.targets);
    for (const data::PlacedSequence &placed : step.sequences) {
      double length = placed.positions;
      counts.tokens += length;
      counts.pairs += pairsOf(length, length);
      counts.windowedPairs += pairsOf(length, window > 0 ? static_cast<double>(window) : length);
    }
  }
  return counts;
}

static bool isWindowed(const model::ModelConfig &config, size_t layer) {
  return config.window > 0 && (config.kinds.empty() || config.kinds[layer].windowed);
}

double operationsPerToken(const model::ModelConfig &config, const data::Plan &plan) {
  Counts counts = countsOf(plan, config.window);
  if (counts.tokens == 0)
    return 0;
  double operations = 0;
  auto add = [&](int64_t elements, bool isFrozen, double share) {
    operations += (isFrozen ? 4 : 6) * static_cast<double>(elements) * share;
  };
  double logits = counts.targets / counts.tokens;
  for (const model::WeightRow &row : model::parameterTable(config)) {
    bool isLooked = row.role == model::Role::Embedding || row.role == model::Role::PositionTable;
    if (row.shape.size() != 2 || (isLooked && !(config.tied && row.role == model::Role::Embedding)))
      continue;
    bool isHead = isLooked || row.role == model::Role::Vocabulary;
    add(row.shape[0] * row.shape[1] * row.layers, row.isFrozen, isHead ? logits : 1);
  }
  // Forwards a pair is two products of a head's width; backwards it is four.
  double width = static_cast<double>(config.heads * config.headChannels);
  for (size_t layer = 0; layer < static_cast<size_t>(config.layers); ++layer)
    operations += 12 * width * (isWindowed(config, layer) ? counts.windowedPairs : counts.pairs) /
                  counts.tokens;
  return operations;
}

} // namespace roux
