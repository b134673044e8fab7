//===- MathsTest.cpp - our exp, log and pow against exact values ----------===//
//
// reference.txt holds correctly rounded results from Python's decimal module.
//
//===----------------------------------------------------------------------===//
#include "runtime/Maths.h"
#include "tests/Paths.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <sstream>

namespace roux::maths {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// How many doubles lie from `a` to `b`.
uint64_t distance(double a, double b) {
  auto place = [](double x) {
    auto bits = std::bit_cast<int64_t>(x);
    return bits < 0 ? std::numeric_limits<int64_t>::min() - bits : bits;
  };
  return static_cast<uint64_t>(std::llabs(place(a) - place(b)));
}

TEST(Maths, WithinOneUlpOfExactAndMostlyEqual) {
  std::ifstream file(sourceFolder() + "/tests/runtime/expression/reference.txt");
  size_t rows = 0, equal = 0;
  for (std::string line; std::getline(file, line); ++rows) {
    std::istringstream words(line);
    std::string name, x, y, result;
    words >> name >> x;
    if (name == "pow")
      words >> y;
    words >> result;
    double a = std::stod(x), expected = std::strtod(result.c_str(), nullptr);
    double actual = name == "exp"    ? exp(a)
                    : name == "log"  ? log(a)
                    : name == "log2" ? log2(a)
                                     : pow(a, std::stod(y));
    EXPECT_LE(distance(actual, expected), 1u) << line;
    equal += actual == expected;
  }
  EXPECT_EQ(rows, 750u);
  EXPECT_GE(equal * 1000, rows * 995);
}

TEST(Maths, SpecialValues) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(exp(0), 1);
  EXPECT_EQ(exp(-infinity), 0);
  EXPECT_EQ(exp(infinity), infinity);
  EXPECT_EQ(exp(1000), infinity);
  EXPECT_EQ(exp(-1000), 0);
  EXPECT_EQ(log(1), 0);
  EXPECT_EQ(log(0), -infinity);
  EXPECT_EQ(log(infinity), infinity);
  EXPECT_TRUE(std::isnan(log(-1)));
  EXPECT_EQ(log2(8), 3);
  EXPECT_EQ(log2(0x1p-1074), -1074);
  for (double x : {exp(nan), log(nan), log2(nan), pow(nan, 1), pow(2, nan)})
    EXPECT_TRUE(std::isnan(x));
}

TEST(Maths, PowAsC) {
  const double values[] = {0.0,
                           -0.0,
                           1,
                           -1,
                           2,
                           -2,
                           0.5,
                           -0.5,
                           3,
                           -3,
                           infinity,
                           -infinity,
                           std::numeric_limits<double>::quiet_NaN()};
  for (double x : values)
    for (double y : values) {
      double expected = std::pow(x, y), actual = pow(x, y);
      bool isSame = std::isnan(expected)
                        ? std::isnan(actual)
                        : actual == expected && std::signbit(actual) == std::signbit(expected);
      EXPECT_TRUE(isSame || distance(actual, expected) <= 1)
          << x << " ^ " << y << " is " << actual << ", C says " << expected;
    }
}

TEST(Maths, AgreesWithLongDouble) {
  uint64_t state = 88172645463325252;
  auto next = [&] {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return static_cast<double>(state >> 11) * 0x1p-53;
  };
  for (int i = 0; i < 20000; ++i) {
    double x = next() * 40 - 20, positive = next() * 1000 + 1e-9, y = next() * 8 - 4;
    EXPECT_LE(distance(exp(x), static_cast<double>(std::exp(static_cast<long double>(x)))), 1u)
        << x;
    EXPECT_LE(
        distance(log(positive), static_cast<double>(std::log(static_cast<long double>(positive)))),
        1u)
        << positive;
    EXPECT_LE(
        distance(pow(positive, y), static_cast<double>(std::pow(static_cast<long double>(positive),
                                                                static_cast<long double>(y)))),
        1u)
        << positive << " ^ " << y;
  }
}

/// Whichever way a logarithm takes, quick or careful, it is rounded once: long double, rounded
/// twice, is another number once in two thousand.
TEST(Maths, LogarithmsAreRounded) {
  uint64_t state = 362436069362436069;
  int others = 0;
  for (int i = 0; i < 400000; ++i) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    double share = static_cast<double>(state >> 11) * 0x1p-53;
    double x = i % 2 ? share + 0x1p-60 : std::ldexp(1 + share, i % 600 - 300);
    others += log(x) != static_cast<double>(std::log(static_cast<long double>(x)));
  }
  EXPECT_LE(others, 800);
}

} // namespace
} // namespace roux::maths
