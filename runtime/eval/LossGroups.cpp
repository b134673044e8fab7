//===- LossGroups.cpp - mean losses that no batch can change --------------===//
//
// A loss is rounded to 2^-40 once, when it comes in; everything after is exact.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/LossGroups.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

namespace roux::eval {

static constexpr double unit = 0x1p-40;
/// No loss of a model is as large; 2^63 of them still fit.
static constexpr double largest = 0x1p20;

void LossSum::add(double nll) {
  units += static_cast<__int128>(std::llround(std::clamp(nll, -largest, largest) / unit));
  ++targets;
}

void LossSum::add(const LossSum &other) {
  units += other.units;
  targets += other.targets;
}

double LossSum::mean() const {
  return targets ? static_cast<double>(units) / static_cast<double>(targets) * unit : 0;
}

void LossGroups::add(uint32_t index, const std::string &source, double nll) {
  if (!std::isfinite(nll))
    throw std::runtime_error(
        fmt::format("the loss of token {} of a sequence of '{}' is {}", index, source, nll));
  total.add(nll);
  positions[static_cast<uint32_t>(std::bit_width(index))].add(nll);
  sources[source].add(nll);
}

std::vector<LossGroup> LossGroups::byPosition() const {
  std::vector<LossGroup> groups;
  for (const auto &[width, sum] : positions) {
    uint64_t first = width ? uint64_t(1) << (width - 1) : 0;
    uint64_t last = width ? (uint64_t(1) << width) - 1 : 0;
    groups.push_back({first == last ? fmt::format("{}", first) : fmt::format("{}..{}", first, last),
                      first, last, sum});
  }
  return groups;
}

std::vector<LossGroup> LossGroups::bySource() const {
  std::vector<LossGroup> groups;
  for (const auto &[source, sum] : sources)
    groups.push_back({source, 0, 0, sum});
  return groups;
}

} // namespace roux::eval
