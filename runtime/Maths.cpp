//===- Maths.cpp - exp, log and pow with the same bits on every machine ---===//
//
// Everything goes through one logarithm and one exponential of numbers held as
// an unevaluated sum high + low, which carries about 106 bits; rounding once at
// the end is what makes the results good to the last bit.
//
//===----------------------------------------------------------------------===//
#include "runtime/Maths.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace roux::maths {
namespace {

/// high + low with |low| at most half an ulp of high.
struct Double2 {
  double high;
  double low = 0;
};

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
/// ln 2 in three parts; the first has 42 bits, so that its product with an exponent is exact.
constexpr double ln2High = 0x1.62e42fefa3800p-1;
constexpr double ln2Middle = 0x1.ef35793c76730p-45;
constexpr double ln2Low = 0x1.f97b57a079a19p-103;
constexpr Double2 log2e = {0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56};

constexpr Double2 quickSum(double a, double b) { // |a| >= |b|
  double sum = a + b;
  return {sum, b - (sum - a)};
}
constexpr Double2 sum(double a, double b) {
  double total = a + b, part = total - a;
  return {total, (a - (total - part)) + (b - part)};
}
/// a * b exactly; operands are far from overflow here.
constexpr Double2 product(double a, double b) {
  auto split = [](double x) {
    double scaled = 134217729.0 * x; // 2^27 + 1
    double top = scaled - (scaled - x);
    return Double2{top, x - top};
  };
  double whole = a * b;
  auto [aHigh, aLow] = split(a);
  auto [bHigh, bLow] = split(b);
  return {whole, ((aHigh * bHigh - whole) + aHigh * bLow + aLow * bHigh) + aLow * bLow};
}
constexpr Double2 operator+(Double2 a, Double2 b) {
  auto [high, low] = sum(a.high, b.high);
  return quickSum(high, low + (a.low + b.low));
}
constexpr Double2 operator*(Double2 a, Double2 b) {
  auto [high, low] = product(a.high, b.high);
  return quickSum(high, low + (a.high * b.low + a.low * b.high));
}
constexpr Double2 operator/(Double2 a, Double2 b) {
  double first = a.high / b.high;
  Double2 whole = product(first, b.high);
  double rest = ((a.high - whole.high) - whole.low) + a.low - first * b.low;
  return quickSum(first, rest / b.high);
}

/// 1 / n for n up to 45, to the full 106 bits.
constexpr std::array<Double2, 46> reciprocals = [] {
  std::array<Double2, 46> values{};
  for (int n = 1; n < 46; ++n)
    values[static_cast<size_t>(n)] = Double2{1} / Double2{static_cast<double>(n)};
  return values;
}();

double scale(double x, int exponent) { // in two steps, so that 2^exponent itself may overflow
  auto power = [](int e) { return std::bit_cast<double>(static_cast<uint64_t>(e + 1023) << 52); };
  int half = exponent / 2;
  return x * power(half) * power(exponent - half);
}

/// m * 2^exponent, m from half of the root of 2 to the root.
struct Parts {
  double m;
  int exponent;
};

Parts partsOf(double x) { // finite, above 0
  int exponent = 0;
  if (x < std::numeric_limits<double>::min()) {
    x *= 0x1p54;
    exponent = -54;
  }
  uint64_t bits = std::bit_cast<uint64_t>(x);
  exponent += static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0xfffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent += 1;
  }
  return {m, exponent};
}

/// ln x rounded, if fewer terms than logarithm() takes leave no doubt about it: nine times in ten.
/// A nan otherwise.
double quickLogarithm(double x) {
  auto [m, exponent] = partsOf(x);
  // ln m = 2 s (1 + s^2 / 3 + s^4 / 5 + ...), 2 s alone with all bits: what follows is a hundredth
  // of it.
  Double2 s = Double2{m - 1} / sum(m, 1);
  double square = s.high * s.high, series = 0;
  for (size_t term = 27; term > 1; term -= 2)
    series = series * square + reciprocals[term].high;
  Double2 ln = quickSum(2 * s.high, 2 * s.low + 2 * s.high * (series * square));
  double k = exponent;
  Double2 all = Double2{k * ln2High} + (Double2{k * ln2Middle} + ln);
  double doubt = std::fabs(s.high) * 0x1p-55;
  double above = all.high + (all.low + doubt), below = all.high + (all.low - doubt);
  return above == below ? above : nan;
}

/// ln x for finite x > 0.
Double2 logarithm(double x) {
  auto [m, exponent] = partsOf(x);
  // ln m = 2 * atanh((m - 1) / (m + 1)); the argument is below 0.172, 22 terms reach 2^-110.
  Double2 s = Double2{m - 1} / sum(m, 1);
  Double2 square = s * s, series{0};
  for (size_t term = 45; term < 46; term -= 2)
    series = series * square + reciprocals[term];
  Double2 ln = s * series * Double2{2};
  double k = exponent;
  return Double2{k * ln2High} + (product(k, ln2Middle) + (Double2{k * ln2Low} + ln));
}

/// e^x rounded.
double exponential(Double2 x) {
  if (x.high > 709.8)
    return infinity;
  if (x.high < -745.2)
    return 0;
  double k = std::floor(x.high * log2e.high + 0.5);
  Double2 rest = x + Double2{-k * ln2High} + (product(-k, ln2Middle) + Double2{-k * ln2Low});
  Double2 r = {rest.high / 8, rest.low / 8}; // below 0.044: 15 terms reach 2^-110
  Double2 series{1};
  for (size_t term = 15; term >= 1; --term)
    series = Double2{1} + series * r * reciprocals[term];
  for (int i = 0; i < 3; ++i)
    series = series * series;
  return scale(series.high + series.low, static_cast<int>(k));
}

bool isWhole(double y) {
  return std::floor(y) == y;
}
bool isOdd(double y) {
  return isWhole(y) && std::fabs(y) < 0x1p53 && std::fmod(y, 2) != 0;
}

/// pow where x or y is zero, infinite or not a number, or x is 1.
double specialPower(double x, double y) {
  if (y == 0 || x == 1)
    return 1;
  if (std::isnan(x) || std::isnan(y))
    return nan;
  double size = std::fabs(x);
  if (std::isinf(y))
    return size == 1 ? 1 : (size > 1) == (y > 0) ? infinity : 0;
  double result = (size == 0) == (y > 0) ? 0 : infinity;
  return isOdd(y) ? std::copysign(result, x) : result;
}

} // namespace

double exp(double x) {
  return std::isnan(x) ? x : exponential({x});
}

double log(double x) {
  if (std::isnan(x) || x < 0)
    return nan;
  if (x == 0)
    return -infinity;
  if (std::isinf(x))
    return x;
  double quick = quickLogarithm(x);
  return std::isnan(quick) ? logarithm(x).high : quick;
}

double log2(double x) {
  if (!(x > 0) || std::isinf(x))
    return log(x);
  return (logarithm(x) * log2e).high;
}

double pow(double x, double y) {
  if (y == 0 || x == 0 || x == 1 || !std::isfinite(x) || !std::isfinite(y))
    return specialPower(x, y);
  if (x < 0 && !isWhole(y))
    return nan;
  if (y == 1)
    return x;
  if (y == 2)
    return x * x;
  Double2 ln = logarithm(std::fabs(x));
  // Far outside the range of results; the product below would lose its low part.
  if (std::fabs(ln.high) * std::fabs(y) > 800) {
    double size = (ln.high > 0) == (y > 0) ? infinity : 0;
    return x < 0 && isOdd(y) ? -size : size;
  }
  double size = exponential(ln * Double2{y});
  return x < 0 && isOdd(y) ? -size : size;
}

} // namespace roux::maths
