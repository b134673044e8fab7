//===- ContractProductsTest.cpp - matmul kernels of several products ------===//
//
// Several operands, sums that meet in one body, results of other shapes and
// results that are seen by windows: against plain loops in double, on every kind
// of processor at hand and as threads of a GPU, at sizes that end inside every tile.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/kernels/Compiled.h"

#include <gtest/gtest.h>

using namespace roux::test;

namespace {

class ContractProducts : public testing::TestWithParam<const char *> {
protected:
  /// Products of one stream of so many rows.
  void ofOneStream(int rows, const std::string &attributes);

  void SetUp() override {
    if (!runs(GetParam())) // code for avx512 needs such a processor; portable code runs on all
      GTEST_SKIP() << "this processor does not run code for " << GetParam();
  }
};

/// sum over k of left(i, k) * right(k, n), by strides.
struct Matrix {
  const Buffer &numbers;
  int row, column;
  double operator()(int i, int k) const { return numbers[i * row + k * column]; }
};
double product(const Matrix &left, const Matrix &right, int i, int n, int terms) {
  double sum = 0;
  for (int k = 0; k < terms; ++k)
    sum += left(i, k) * right(k, n);
  return sum;
}

Buffer drawn(int count, int seed) {
  return {Element::F32, randomNumbers(count, seed)};
}
Buffer empty(int count) {
  return {Element::F32, std::vector<double>(count)};
}

const char *operand(bool isLeft) {
  return isLeft ? R"( left {
  ^bb0(%i: index):
    %row = kernel.load %{buffer}[%i] : memref<?x{C}xf32> -> vector<{C}xf32>
    kernel.yield %row : vector<{C}xf32>
  })"
                : R"( right {
  ^bb0(%i: index):
    %row = kernel.load %{buffer}[%i] : memref<?x{C}xf32> -> vector<{C}xf32>
    kernel.yield %row : vector<{C}xf32>
  })";
}
std::string plain(bool isLeft, const std::string &buffer, int columns) {
  return substitute(operand(isLeft), {{"buffer", buffer}, {"C", std::to_string(columns)}});
}

// One stream, three weights: two products meet, the third is seen by windows that are turned round
// and summed.
void ContractProducts::ofOneStream(int rows, const std::string &attributes) {
  const int terms = 37, meeting = 261, windows = 7, window = 24;
  const int cut = windows * window;
  Compiled kernels(substitute(R"(
kernel.func @products(%x: memref<?x37xf32>, %u: memref<?x37xf32>, %v: memref<?x37xf32>,
                      %w: memref<?x37xf32>, %y: memref<?x261xf32>, %turned: memref<?x24xf32>,
                      %sums: memref<?xf32>) {attributes} {
  kernel.contract nt{x}{u}{v}{w}
  result of 0 * 0, 0 * 1 {
  ^bb0(%i: index, %a: vector<261xf32>, %b: vector<261xf32>):
    %both = arith.mulf %a, %b : vector<261xf32>
    kernel.store %both, %y[%i] : vector<261xf32>, memref<?x261xf32>
    kernel.yield
  } result of 0 * 2 windows 7 {
  ^bb0(%i: index, %a: vector<24xf32>):
    %sum = kernel.reduce add %a : vector<24xf32>
    %low = kernel.part %a from 0 : vector<24xf32> -> vector<12xf32>
    %high = kernel.part %a from 12 : vector<24xf32> -> vector<12xf32>
    kernel.store %sum, %sums[%i] : f32, memref<?xf32>
    kernel.store %high, %turned[%i] : vector<12xf32>, memref<?x24xf32>
    kernel.store %low, %turned[%i] from 12 : vector<12xf32>, memref<?x24xf32>
    kernel.yield
  }
  kernel.return
})",
                              {{"attributes", attributes},
                               {"x", plain(true, "x", terms)},
                               {"u", plain(false, "u", terms)},
                               {"v", plain(false, "v", terms)},
                               {"w", plain(false, "w", terms)}}),
                   GetParam());
  Buffer x = drawn(rows * terms, 1), u = drawn(meeting * terms, 2), v = drawn(meeting * terms, 3);
  Buffer w = drawn(cut * terms, 4), y = empty(rows * meeting), turned = empty(rows * cut);
  Buffer sums = empty(rows * windows);
  kernels.run("products", rows, {x, u, v, w, y, turned, sums}, 2);
  std::vector<double> wantedY, wantedTurned(rows * cut), wantedSums(rows * windows);
  Matrix stream{x, terms, 1};
  for (int i = 0; i < rows; ++i) {
    for (int n = 0; n < meeting; ++n)
      wantedY.push_back(product(stream, {u, 1, terms}, i, n, terms) *
                        product(stream, {v, 1, terms}, i, n, terms));
    for (int n = 0; n < cut; ++n) {
      double number = product(stream, {w, 1, terms}, i, n, terms);
      int half = n % window < 12 ? 12 : -12;
      wantedTurned[i * cut + n + half] = number;
      wantedSums[i * windows + n / window] += number;
    }
  }
  EXPECT_LT(normalizedError(y.values(), wantedY), 2e-6);
  EXPECT_LT(normalizedError(turned.values(), wantedTurned), 2e-6);
  EXPECT_LT(normalizedError(sums.values(), wantedSums), 4e-6);
}

TEST_P(ContractProducts, OfOneStream) {
  ofOneStream(131, "");
}
TEST_P(ContractProducts, OfOneStreamOfFewRows) {
  for (int rows : {1, 3, 9})
    ofOneStream(rows, "attributes {few_rows}");
}

// Each half of a window is made of both, column by column, as rotary positions make a head: of a
// part of 12 columns a block may have 4 of each, of one of 6 it has the whole window.
TEST_P(ContractProducts, OfHalvesOfFewRows) {
  const int terms = 300, windows = 5;
  for (int half : {12, 6})
    for (int rows : {1, 2, 9}) {
      const int window = 2 * half, columns = windows * window;
      Compiled kernels(substitute(R"(
kernel.func @halves(%x: memref<?x300xf32>, %w: memref<?x300xf32>, %turn: memref<{H}xf32>,
                    %y: memref<?x{W}xf32>) attributes {few_rows} {
  kernel.contract nt{x}{w}
  result windows 5 {
  ^bb0(%i: index, %a: vector<{W}xf32>):
    %by = kernel.load %turn[] : memref<{H}xf32> -> vector<{H}xf32>
    %low = kernel.part %a from 0 : vector<{W}xf32> -> vector<{H}xf32>
    %high = kernel.part %a from {H} : vector<{W}xf32> -> vector<{H}xf32>
    %part = arith.mulf %high, %by : vector<{H}xf32>
    %first = arith.subf %low, %part : vector<{H}xf32>
    %second = arith.mulf %low, %by : vector<{H}xf32>
    kernel.store %first, %y[%i] : vector<{H}xf32>, memref<?x{W}xf32>
    kernel.store %second, %y[%i] from {H} : vector<{H}xf32>, memref<?x{W}xf32>
    kernel.yield
  }
  kernel.return
})",
                                  {{"H", std::to_string(half)},
                                   {"W", std::to_string(window)},
                                   {"x", plain(true, "x", terms)},
                                   {"w", plain(false, "w", terms)}}),
                       GetParam());
      Buffer x = drawn(rows * terms, 1), w = drawn(columns * terms, 2), turn = drawn(half, 3);
      Buffer y = empty(rows * columns);
      kernels.run("halves", rows, {x, w, turn, y}, 2);
      std::vector<double> wanted(rows * columns);
      for (int at = 0; at < rows * columns; ++at) {
        double number = product({x, terms, 1}, {w, 1, terms}, at / columns, at % columns, terms);
        if (int cell = at % window; cell < half) {
          wanted[at] += number;
          wanted[at + half] += number * turn[cell];
        } else {
          wanted[at - half] -= number * turn[cell - half];
        }
      }
      EXPECT_LT(normalizedError(y.values(), wanted), 4e-6) << rows << " rows, halves of " << half;
    }
}

// Two streams whose products are one sum, of which one is too long for registers.
TEST_P(ContractProducts, OfOneSum) {
  const int rows = 67, columns = 70;
  for (int second : {33, 1500}) {
    const int first = 65;
    Compiled kernels(substitute(R"(
kernel.func @sum(%a: memref<?x65xf32>, %b: memref<?x{K}xf32>, %u: memref<?x70xf32>,
                 %v: memref<?x70xf32>, %y: memref<?x70xf32>) {
  kernel.contract nn{a}{b}{u}{v}
  result of 0 * 0, 1 * 1 {
  ^bb0(%i: index, %s: vector<70xf32>, %t: vector<70xf32>):
    %both = arith.addf %s, %t : vector<70xf32>
    kernel.store %both, %y[%i] : vector<70xf32>, memref<?x70xf32>
    kernel.yield
  }
  kernel.return
})",
                                {{"K", std::to_string(second)},
                                 {"a", plain(true, "a", first)},
                                 {"b", plain(true, "b", second)},
                                 {"u", plain(false, "u", columns)},
                                 {"v", plain(false, "v", columns)}}),
                     GetParam());
    Buffer a = drawn(rows * first, 1), b = drawn(rows * second, 2);
    Buffer u = drawn(first * columns, 3), v = drawn(second * columns, 4), y = empty(rows * columns);
    kernels.run("sum", rows, {a, b, u, v, y}, 2);
    std::vector<double> wanted;
    for (int i = 0; i < rows; ++i)
      for (int n = 0; n < columns; ++n)
        wanted.push_back(product({a, first, 1}, {u, columns, 1}, i, n, first) +
                         product({b, second, 1}, {v, columns, 1}, i, n, second));
    EXPECT_LT(normalizedError(y.values(), wanted), 2e-6) << second;
  }
}

// The gradients of two weights of one input, which have other numbers of rows.
TEST_P(ContractProducts, OfOneInput) {
  const int terms = 301, columns = 133, first = 80, second = 41;
  Compiled kernels(substitute(R"(
kernel.func @gradients(%g: memref<?x80xf32>, %h: memref<?x41xf32>, %x: memref<?x133xf32>,
                       %u: memref<?x133xf32>, %v: memref<?x133xf32>) {
  kernel.contract tn{g}{h}{x}
  result of 0 * 0 {
  ^bb0(%i: index, %s: vector<133xf32>):
    kernel.store %s, %u[%i] : vector<133xf32>, memref<?x133xf32>
    kernel.yield
  } result of 1 * 0 {
  ^bb0(%i: index, %s: vector<133xf32>):
    kernel.store %s, %v[%i] : vector<133xf32>, memref<?x133xf32>
    kernel.yield
  }
  kernel.return
})",
                              {{"g", plain(true, "g", first)},
                               {"h", plain(true, "h", second)},
                               {"x", plain(false, "x", columns)}}),
                   GetParam());
  Buffer g = drawn(terms * first, 1), h = drawn(terms * second, 2), x = drawn(terms * columns, 3);
  Buffer u = empty(first * columns), v = empty(second * columns);
  for (unsigned threads : {1, 2}) {
    kernels.run("gradients", terms, {g, h, x, u, v}, threads);
    for (auto [gradient, from, rows] : {std::tuple(&u, &g, first), std::tuple(&v, &h, second)}) {
      std::vector<double> wanted;
      for (int i = 0; i < rows; ++i)
        for (int n = 0; n < columns; ++n)
          wanted.push_back(product({*from, 1, rows}, {x, columns, 1}, i, n, terms));
      EXPECT_LT(normalizedError(gradient->values(), wanted), 2e-6) << rows << " rows";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, ContractProducts,
                         testing::Values("avx512", "avx2", "portable", "simt", "simt_hopper",
                                         "cuda"),
                         MachineAndNumber());

} // namespace
