//===- PairMetrics.cpp - how far a model prefers what was chosen ----------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/PairMetrics.h"

#include <algorithm>

namespace roux::train {

double marginOf(std::span<const double> logp, std::span<const double> references,
                std::span<const double> targets) {
  if (!references.empty())
    return (logp[0] - references[0]) - (logp[1] - references[1]);
  return logp[0] / targets[0] - logp[1] / targets[1];
}

void PairMetrics::await(const data::MicroBatch &batch) {
  Awaited &one = awaited.emplace_back();
  if (!batch.arePairs)
    return;
  one.references = {batch.references.begin(), batch.references.end()};
  for (size_t answer = 0; answer + 1 < batch.segmentOffsets.size(); ++answer) {
    const int64_t *at = &batch.segmentOffsets[answer];
    one.targets.push_back(static_cast<double>(
        std::count_if(batch.labels.begin() + at[0], batch.labels.begin() + at[1],
                      [](int32_t label) { return label != data::noLabel; })));
  }
}

void PairMetrics::add(std::span<const double> logp) {
  Awaited one = std::move(awaited.front());
  awaited.pop_front();
  std::span<const double> references = one.references, targets = one.targets;
  for (size_t first = 0; first + 1 < logp.size(); first += 2) {
    double margin = marginOf(logp.subspan(first, 2),
                             references.empty() ? references : references.subspan(first, 2),
                             targets.subspan(first, 2));
    margins += margin;
    right += margin > 0;
    ++pairs;
  }
}

void PairMetrics::give(Measured &measured) const {
  if (pairs == 0)
    return;
  measured.emplace_back("pairs.margin", margins / pairs);
  measured.emplace_back("pairs.accuracy", right / pairs);
}

bool isLoss(std::string_view name) {
  return name.find('/') != name.npos && name.find('.') == name.npos;
}

bool isEvaluated(const Measured &measured) {
  return std::ranges::any_of(
      measured, [](const auto &each) { return each.first.find('/') != each.first.npos; });
}

} // namespace roux::train
