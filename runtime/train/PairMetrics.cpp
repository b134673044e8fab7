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

void PairMetrics::add(const data::MicroBatch &batch, std::span<const double> logp) {
  for (size_t pair = 0; 2 * pair + 1 < logp.size(); ++pair) {
    double targets[2];
    for (size_t which = 0; which < 2; ++which) {
      const int64_t *at = &batch.segmentOffsets[2 * pair + which];
      targets[which] = static_cast<double>(
          std::count_if(batch.labels.begin() + at[0], batch.labels.begin() + at[1],
                        [](int32_t label) { return label != data::noLabel; }));
    }
    std::span<const double> references = batch.references;
    double margin =
        marginOf(logp.subspan(2 * pair, 2),
                 references.empty() ? references : references.subspan(2 * pair, 2), targets);
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
