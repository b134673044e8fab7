//===- FoldsTest.cpp - sums over all rows on a GPU --------------------------===//
//
// One row that sums all others, by many threads: its bits must be those of blocks of
// rows in order, whoever adds them; and a sum of no rows is zero.
//
//===----------------------------------------------------------------------===//
#include "runtime/TargetDescription.h"
#include "tests/compiler/kernels/Compiled.h"

#include <gtest/gtest.h>

using namespace roux::test;

namespace {

struct Case {
  const char *machine;
  Element element;
  int rows, columns;
};

void PrintTo(const Case &c, std::ostream *out) {
  *out << c.machine << " " << spelling(c.element) << " " << c.rows << "x" << c.columns;
}

// Two sums in one kernel, as a norm's gain and bias are: of the rows, and of what they are times a
// number of each. The first is added to what is there.
const char *text = R"(
kernel.func @sums(%x: memref<?x{C}x{T}>, %by: memref<?x{A}>, %rows: index, %a: memref<?x{C}x{A}>,
                  %b: memref<?x{C}x{A}>) {
  %row = kernel.row
  %zero = arith.constant 0 : index
  %sum = kernel.fold %zero to %rows {
  ^bb0(%j: index):
    %v = kernel.load %x[%j] : memref<?x{C}x{T}> -> vector<{C}x{T}>
    {wide} %w = arith.extf %v : vector<{C}x{T}> to vector<{C}x{A}>
    {wide} kernel.yield %w : vector<{C}x{A}>
    {same} kernel.yield %v : vector<{C}x{A}>
  } : vector<{C}x{A}>
  %product = kernel.fold %zero to %rows {
  ^bb0(%j: index):
    %v = kernel.load %x[%j] : memref<?x{C}x{T}> -> vector<{C}x{T}>
    %f = kernel.load %by[%j] : memref<?x{A}> -> {A}
    %all = vector.broadcast %f : {A} to vector<{C}x{A}>
    {wide} %w = arith.extf %v : vector<{C}x{T}> to vector<{C}x{A}>
    {wide} %p = arith.mulf %w, %all : vector<{C}x{A}>
    {same} %p = arith.mulf %v, %all : vector<{C}x{A}>
    kernel.yield %p : vector<{C}x{A}>
  } : vector<{C}x{A}>
  %old = kernel.load %a[%row] : memref<?x{C}x{A}> -> vector<{C}x{A}>
  %new = arith.addf %old, %sum : vector<{C}x{A}>
  kernel.store %new, %a[%row] : vector<{C}x{A}>, memref<?x{C}x{A}>
  kernel.store %product, %b[%row] : vector<{C}x{A}>, memref<?x{C}x{A}>
  kernel.return
})";

class Folds : public testing::TestWithParam<Case> {};

/// A column's rows in blocks, each of them in order, and the blocks in order.
template <typename Number>
double inBlocks(const Buffer &x, int rows, int columns, int column) {
  int64_t block = roux::gpuTargets().front().foldBlock;
  Number total = 0;
  for (int64_t first = 0; first < rows; first += block) {
    Number sum = 0;
    for (int64_t row = first; row < std::min<int64_t>(first + block, rows); ++row)
      sum += static_cast<Number>(x[row * columns + column]);
    total += sum;
  }
  return total;
}

TEST_P(Folds, AddBlocksInOrder) {
  const Case &c = GetParam();
  if (!runs(c.machine))
    GTEST_SKIP() << "this machine does not run code for " << c.machine;
  Element wide = c.element == Element::F64 ? Element::F64 : Element::F32;
  bool isWidened = wide != c.element;
  Compiled kernels(substitute(text, {{"C", std::to_string(c.columns)},
                                     {"T", spelling(c.element)},
                                     {"A", spelling(wide)},
                                     {"wide", isWidened ? "" : "//"},
                                     {"same", isWidened ? "//" : ""}}),
                   c.machine);
  const int launched = 2; // each of which sums all
  Buffer x(c.element, randomNumbers(size_t(c.rows) * c.columns, 1));
  Buffer by(wide, randomNumbers(c.rows, 2));
  Buffer sums(wide, std::vector<double>(launched * c.columns)), products = sums;
  kernels.run("sums", launched, {x, by, int64_t(c.rows), sums, products});
  std::vector<double> expected(launched * c.columns);
  for (int at = 0; at < launched * c.columns; ++at) {
    int column = at % c.columns;
    EXPECT_EQ(sums[at], wide == Element::F64 ? inBlocks<double>(x, c.rows, c.columns, column)
                                             : inBlocks<float>(x, c.rows, c.columns, column))
        << "column " << at;
    for (int row = 0; row < c.rows; ++row)
      expected[at] += x[row * c.columns + column] * by[row];
  }
  if (c.rows)
    EXPECT_LT(normalizedError(products.values(), expected), wide == Element::F64 ? 1e-14 : 2e-6);
  else
    EXPECT_EQ(products.values(), expected);
}

const std::vector<Case> cases = {
    {"simt", Element::F32, 0, 7},     // nothing to add
    {"simt", Element::F32, 1, 1},     // one number
    {"simt", Element::F32, 64, 33},   // one block, of rows that no wide access fits
    {"simt", Element::F32, 65, 40},   // one row beyond it
    {"simt", Element::F32, 40000, 1}, // as many numbers as threads take in two turns
    {"simt", Element::F64, 300, 24},  //
    {"simt", Element::BF16, 300,
     200}, // several blocks of threads, the last of which has columns over
    {"simt", Element::BF16, 20000, 16}, // two turns
};
INSTANTIATE_TEST_SUITE_P(Every, Folds, testing::ValuesIn(andOnGPU(cases)), MachineAndNumber());

} // namespace
