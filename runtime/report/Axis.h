//===- Axis.h - from values to places on a plot ---------------------------===//
//
// Round numbers on the axes, and labels a person reads at a glance.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>
#include <vector>

namespace roux::report {

class Axis {
public:
  /// Covers [low, high] with about `wanted` ticks, widened to the ticks around it; `logarithmic`
  /// has powers of two for ticks.
  Axis(double low, double high, int wanted, bool logarithmic = false);

  /// 0 at the axis's beginning, 1 at its end.
  double place(double value) const;
  const std::vector<double> &ticks() const { return marks; }
  /// "0.5", "12k", "2e-05".
  std::string label(double tick) const;

private:
  double low, high;
  bool logarithmic;
  std::vector<double> marks;
};

} // namespace roux::report
