//===- Axis.cpp - from values to places on a plot -------------------------===//
//
// Steps are 1, 2 or 5 times a power of ten.
//
//===----------------------------------------------------------------------===//
#include "runtime/report/Axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace roux::report {

static double roundStep(double rough) {
  double power = std::pow(10, std::floor(std::log10(rough)));
  for (double factor : {1.0, 2.0, 5.0})
    if (rough <= factor * power * (1 + 1e-9))
      return factor * power;
  return 10 * power;
}

Axis::Axis(double from, double to, int wanted, bool logarithmic) : logarithmic(logarithmic) {
  if (logarithmic) {
    int first = static_cast<int>(std::floor(std::log2(std::max(from, 1.0))));
    int last = std::max(first + 1, static_cast<int>(std::ceil(std::log2(std::max(to, 1.0)))));
    low = first;
    high = last;
    int step = std::max(1, (last - first + wanted - 1) / wanted);
    for (int power = first; power <= last; power += step)
      marks.push_back(std::exp2(power));
    return;
  }
  if (!(to > from)) {
    double room = from == 0 ? 1 : std::abs(from) / 2;
    from -= room;
    to += room;
  }
  double step = roundStep((to - from) / wanted);
  low = std::floor(from / step + 1e-9) * step;
  high = std::ceil(to / step - 1e-9) * step;
  for (int i = 0; low + i * step <= high + step / 2; ++i)
    marks.push_back(low + i * step);
}

double Axis::place(double value) const {
  double at = logarithmic ? std::log2(std::max(value, 1.0)) : value;
  return (at - low) / (high - low);
}

std::string Axis::label(double tick) const {
  double size = std::abs(tick);
  if (size < 1e-12)
    return "0";
  if (logarithmic && size >= 1024)
    return fmt::format("{:g}Ki", tick / 1024);
  if (size >= 1e6)
    return fmt::format("{:g}M", tick / 1e6);
  // All labels of an axis in one spelling, so its last tick decides.
  if (marks.back() >= 1e4 || size >= 1e4)
    return fmt::format("{:g}k", tick / 1e3);
  return fmt::format("{:.6g}", tick);
}

} // namespace roux::report
