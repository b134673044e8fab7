//===- Sample.cpp - from logits to a token --------------------------------===//
//
// Candidates are ordered by probability and then by id, so that ties cannot make two
// machines disagree.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/Sample.h"

#include "runtime/Maths.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace roux::eval {

static int32_t likeliest(std::span<const float> logits) {
  size_t best = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (std::isnan(logits[i]))
      throw std::runtime_error(fmt::format("the logit of token {} is nan", i));
    if (logits[i] > logits[best])
      best = i;
  }
  return static_cast<int32_t>(best);
}

int32_t sampleToken(std::span<const float> logits, const Sampling &sampling,
                    const data::SeedTree &draw) {
  int32_t best = likeliest(logits);
  if (sampling.temperature <= 0 || std::isinf(logits[best]))
    return best;
  std::vector<double> share(logits.size());
  double total = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    double below = static_cast<double>(logits[i]) - logits[best];
    share[i] = maths::exp(below / sampling.temperature);
    total += share[i];
  }
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](int32_t a, int32_t b) {
    return share[a] != share[b] ? share[a] > share[b] : a < b;
  });
  double kept = 0;
  size_t candidates = 0;
  while (candidates < order.size() && (candidates == 0 || kept < sampling.topP * total))
    kept += share[order[candidates++]];
  double left = draw.uniform() * kept;
  for (size_t i = 0; i + 1 < candidates; ++i)
    if ((left -= share[order[i]]) < 0)
      return order[i];
  return order[candidates - 1];
}

} // namespace roux::eval
