//===- Rotary.cpp - frequencies of every scaling --------------------------===//
//
// The formulas of the papers and of transformers' modeling_rope_utils.py, in
// double; tests/runtime/model holds values computed independently.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/Rotary.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace roux::model {

static std::vector<double> plain(double base, int64_t channels) {
  std::vector<double> list(channels / 2);
  for (size_t i = 0; i < list.size(); ++i)
    list[i] = std::pow(base, -2.0 * static_cast<double>(i) / static_cast<double>(channels));
  return list;
}

/// The NTK-aware base at `context`: the slowest pair turns as little over it as it did before.
static double dynamicBase(const Rotary &rotary, int64_t channels, int64_t context) {
  if (context <= rotary.originalContext || channels <= 2)
    return rotary.base;
  double stretch =
      rotary.factor * static_cast<double>(context) / static_cast<double>(rotary.originalContext) -
      (rotary.factor - 1);
  double exponent = static_cast<double>(channels) / static_cast<double>(channels - 2);
  return rotary.base * std::pow(stretch, exponent);
}

static std::vector<double> yarn(const Rotary &rotary, int64_t channels) {
  std::vector<double> list = plain(rotary.base, channels);
  // The (fractional) channel pair that makes `turns` turns in the original context.
  auto pairOf = [&](double turns) {
    return static_cast<double>(channels) *
           std::log(static_cast<double>(rotary.originalContext) / (turns * 2 * std::numbers::pi)) /
           (2 * std::log(rotary.base));
  };
  double low = pairOf(rotary.betaFast), high = pairOf(rotary.betaSlow);
  if (rotary.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(channels - 1));
  if (low == high)
    high += 0.001; // transformers' guard against an empty ramp
  for (size_t i = 0; i < list.size(); ++i) {
    double slow = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    list[i] = list[i] / rotary.factor * slow + list[i] * (1 - slow);
  }
  return list;
}

static std::vector<double> llama3(const Rotary &rotary, int64_t channels) {
  std::vector<double> list = plain(rotary.base, channels);
  double context = static_cast<double>(rotary.originalContext);
  for (double &frequency : list) {
    double wavelength = 2 * std::numbers::pi / frequency;
    if (wavelength < context / rotary.highFactor)
      continue;
    double slow = frequency / rotary.factor;
    if (wavelength > context / rotary.lowFactor) {
      frequency = slow;
      continue;
    }
    double fast =
        (context / wavelength - rotary.lowFactor) / (rotary.highFactor - rotary.lowFactor);
    frequency = (1 - fast) * slow + fast * frequency;
  }
  return list;
}

std::vector<double> frequencies(const Rotary &rotary, int64_t channels, int64_t context) {
  switch (rotary.scaling) {
  case Rotary::Scaling::None:
    return plain(rotary.base, channels);
  case Rotary::Scaling::Linear: {
    std::vector<double> list = plain(rotary.base, channels);
    for (double &frequency : list)
      frequency /= rotary.factor;
    return list;
  }
  case Rotary::Scaling::Dynamic:
    return plain(dynamicBase(rotary, channels, context), channels);
  case Rotary::Scaling::Yarn:
    return yarn(rotary, channels);
  case Rotary::Scaling::Llama3:
    return llama3(rotary, channels);
  case Rotary::Scaling::LongRope: {
    std::vector<double> list = plain(rotary.base, channels);
    bool isLong = context > rotary.originalContext;
    for (size_t i = 0; i < list.size(); ++i)
      list[i] /= (isLong ? rotary.longFactors : rotary.shortFactors)[i];
    return list;
  }
  }
  return {};
}

double yarnAttentionFactor(double factor) {
  return factor <= 1 ? 1 : 0.1 * std::log(factor) + 1;
}

double longRopeAttentionFactor(double factor, int64_t context) {
  return factor <= 1 ? 1 : std::sqrt(1 + std::log(factor) / std::log(static_cast<double>(context)));
}

} // namespace roux::model
