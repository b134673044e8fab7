//===- MathTest.cpp - how exact compiled maths is -------------------------===//
//
// Every function of the kernels, at thousands of arguments over the range
// training uses and at the ends of it, against double.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/kernels/Compiled.h"

#include <cmath>
#include <functional>
#include <gtest/gtest.h>

using namespace roux::test;

namespace {

const char *text = R"(
kernel.func @apply(%x: memref<?x64x{T}>, %y: memref<?x64x{T}>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x64x{T}> -> vector<64x{T}>
  %r = math.{f} %v : vector<64x{T}>
  kernel.store %r, %y[%row] : vector<64x{T}>, memref<?x64x{T}>
  kernel.return
})";

struct Function {
  const char *name;
  double (*exact)(double);
  double low, high;
  double f32; ///< allowed error: of the result, or of 1 where the result is smaller
};

const Function functions[] = {
    {"exp", std::exp, -87, 88, 4e-7},     {"log", std::log, 1e-30, 1e30, 2e-7},
    {"tanh", std::tanh, -12, 12, 4e-7},   {"erf", std::erf, -6, 6, 4e-7},
    {"sin", std::sin, -100, 100, 2e-7},   {"cos", std::cos, -100, 100, 2e-7},
    {"sqrt", std::sqrt, 0, 1e30, 1e-7},   {"log1p", std::log1p, -0.99, 100, 3e-7},
    {"expm1", std::expm1, -20, 20, 6e-7},
};

double largestError(const Function &function, Element element, const char *machine) {
  Compiled kernels(substitute(text, {{"T", spelling(element)}, {"f", function.name}}), machine);
  const int rows = 256;
  std::vector<double> arguments;
  for (int i = 0; i < rows * 64; ++i) {
    double part = double(i) / (rows * 64 - 1);
    // Evenly over the range; over magnitudes where it spans many.
    arguments.push_back(function.high > 1e20 && function.low > 0
                            ? function.low * std::pow(function.high / function.low, part)
                            : function.low + part * (function.high - function.low));
  }
  Buffer x(element, arguments), y(element, arguments);
  kernels.run("apply", rows, {x, y});
  double worst = 0;
  for (int i = 0; i < rows * 64; ++i) {
    double exact = function.exact(x[i]);
    worst = std::max(worst, std::abs(y[i] - exact) / std::max(1.0, std::abs(exact)));
    if (std::string(function.name) == "exp") // probabilities are compared by their own size
      worst = std::max(worst, std::abs(y[i] - exact) / exact);
  }
  return worst;
}

TEST(Math, IsExactEnough) {
  for (const char *machine : {"avx512", "avx2", "portable"}) {
    if (!runs(machine))
      continue;
    for (const Function &function : functions) {
      EXPECT_LT(largestError(function, Element::F32, machine), function.f32)
          << function.name << " on " << machine;
      EXPECT_LT(largestError(function, Element::F64, machine), 1e-15)
          << function.name << " on " << machine;
    }
  }
}

// Positions times frequencies, beside every quarter of a turn and on it, up to what a position can
// be.
TEST(Math, AnglesOnGPUs) {
  std::vector<double> angles = {0, -0.0, 1e-300, 1e-9, 0x1p31, -0x1p31, 0x1.fffffffffffffp30};
  for (double size = 1; size < 0x1p31; size *= 1.37)
    for (double angle : {size, -size, std::floor(size) * (M_PI / 2), std::floor(size)})
      angles.insert(angles.end(), {angle, std::nextafter(angle, INFINITY)});
  angles.resize((angles.size() + 63) / 64 * 64, 1);
  for (const char *name : {"sin", "cos"}) {
    Compiled kernels(substitute(text, {{"T", "f64"}, {"f", name}}), "simt");
    Buffer x(Element::F64, angles), y(Element::F64, std::vector<double>(angles.size(), 9));
    kernels.run("apply", static_cast<int>(angles.size() / 64), {x, y});
    for (size_t i = 0; i < angles.size(); ++i)
      EXPECT_NEAR(y[i], *name == 's' ? std::sin(angles[i]) : std::cos(angles[i]), 3e-16)
          << name << " of " << angles[i];
  }
}

TEST(Math, EndsOfExp) {
  Compiled kernels(substitute(text, {{"T", "f32"}, {"f", "exp"}}));
  std::vector<double> ends(64, 0);
  double infinity = std::numeric_limits<double>::infinity();
  ends[0] = -infinity, ends[1] = infinity, ends[2] = -1e30, ends[3] = 1e30, ends[4] = std::nan("");
  ends[5] = -120;
  Buffer x(Element::F32, ends), y(Element::F32, ends);
  kernels.run("apply", 1, {x, y});
  EXPECT_EQ(y[0], 0);
  EXPECT_EQ(y[1], infinity);
  EXPECT_EQ(y[2], 0);
  EXPECT_EQ(y[3], infinity);
  EXPECT_TRUE(std::isnan(y[4]));
  EXPECT_EQ(y[5], 0);
  EXPECT_EQ(y[6], 1);
}

} // namespace
