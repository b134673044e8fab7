//===- RowsTest.cpp - row kernels against plain loops in double -----------===//
//
// Each kernel is written once with its type and columns left open, and run at
// sizes that end in the middle of a vector, on every width of code this
// processor runs, and as threads of a GPU.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/kernels/Compiled.h"

#include <cmath>
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

class Rows : public testing::TestWithParam<Case> {
protected:
  void SetUp() override {
    if (!runs(GetParam().machine))
      GTEST_SKIP() << "this processor does not run code for " << GetParam().machine;
  }
  Compiled compile(const std::string &text) {
    const Case &c = GetParam();
    const char *wide = c.element == Element::F64 ? "f64" : "f32";
    return Compiled(substitute(text, {{"T", spelling(c.element)},
                                      {"A", wide},
                                      {"C", std::to_string(c.columns)},
                                      {"load", c.element == Element::BF16 ? "" : "//"},
                                      {"plain", c.element == Element::BF16 ? "//" : ""}}),
                    c.machine);
  }
  // f32 sums of up to 50257 terms, and one rounding of bf16.
  double tolerance() const {
    return GetParam().element == Element::F64    ? 1e-13
           : GetParam().element == Element::BF16 ? 4e-3
                                                 : 2e-6;
  }
  int rows = GetParam().rows, columns = GetParam().columns;
  Element element = GetParam().element;
  size_t count = size_t(rows) * columns;
};

const char *rmsNorm = R"(
kernel.func @rms_norm(%x: memref<?x{C}x{T}>, %w: memref<{C}x{T}>, %y: memref<?x{C}x{T}>,
                      %inverses: memref<?x{A}>) {
  %row = kernel.row
  %v0 = kernel.load %x[%row] : memref<?x{C}x{T}> -> vector<{C}x{T}>
  %w0 = kernel.load %w[] : memref<{C}x{T}> -> vector<{C}x{T}>
  {load} %v = arith.extf %v0 : vector<{C}x{T}> to vector<{C}x{A}>
  {load} %weight = arith.extf %w0 : vector<{C}x{T}> to vector<{C}x{A}>
  {plain} %one = arith.constant dense<1.0> : vector<{C}x{A}>
  {plain} %v = arith.mulf %v0, %one : vector<{C}x{A}>
  {plain} %weight = arith.mulf %w0, %one : vector<{C}x{A}>
  %squares = arith.mulf %v, %v : vector<{C}x{A}>
  %sum = kernel.reduce add %squares : vector<{C}x{A}>
  %count = arith.constant {C}.0 : {A}
  %epsilon = arith.constant 1.0e-5 : {A}
  %mean = arith.divf %sum, %count : {A}
  %shifted = arith.addf %mean, %epsilon : {A}
  %inverse = math.rsqrt %shifted : {A}
  kernel.store %inverse, %inverses[%row] : {A}, memref<?x{A}>
  %factor = vector.broadcast %inverse : {A} to vector<{C}x{A}>
  %normed = arith.mulf %v, %factor : vector<{C}x{A}>
  %result = arith.mulf %normed, %weight : vector<{C}x{A}>
  {load} %out = arith.truncf %result : vector<{C}x{A}> to vector<{C}x{T}>
  {load} kernel.store %out, %y[%row] : vector<{C}x{T}>, memref<?x{C}x{T}>
  {plain} kernel.store %result, %y[%row] : vector<{C}x{T}>, memref<?x{C}x{T}>
  kernel.return
})";

TEST_P(Rows, RMSNorm) {
  Compiled kernels = compile(rmsNorm);
  Buffer x(element, randomNumbers(count, 1)), w(element, randomNumbers(columns, 2));
  Buffer y(element, std::vector<double>(count));
  Buffer inverses(element == Element::F64 ? element : Element::F32, std::vector<double>(rows));
  kernels.run("rms_norm", rows, {x, w, y, inverses}, 2);
  std::vector<double> expected(count);
  for (int r = 0; r < rows; ++r) {
    double sum = 0;
    for (int c = 0; c < columns; ++c)
      sum += x[r * columns + c] * x[r * columns + c];
    double inverse = 1 / std::sqrt(sum / columns + 1e-5);
    EXPECT_NEAR(inverses[r], inverse, inverse * tolerance());
    for (int c = 0; c < columns; ++c)
      expected[r * columns + c] = x[r * columns + c] * inverse * w[c];
  }
  EXPECT_LT(normalizedError(y.values(), expected), tolerance());
}

// Softmax with its gradient in place: three phases, a one-hot column and a gathered element.
const char *crossEntropy = R"(
kernel.func @cross_entropy(%logits: memref<?x{C}x{A}>, %labels: memref<?xi32>,
                           %weights: memref<?x{A}>, %nll: memref<?x{A}>) {
  %row = kernel.row
  %v = kernel.load %logits[%row] : memref<?x{C}x{A}> -> vector<{C}x{A}>
  %label = kernel.load %labels[%row] : memref<?xi32> -> i32
  %weight = kernel.load %weights[%row] : memref<?x{A}> -> {A}
  %at = arith.index_cast %label : i32 to index
  %chosen = kernel.load %logits[%row, %at] : memref<?x{C}x{A}> -> {A}
  %max = kernel.reduce max %v : vector<{C}x{A}>
  %maxs = vector.broadcast %max : {A} to vector<{C}x{A}>
  %shifted = arith.subf %v, %maxs : vector<{C}x{A}>
  %exps = math.exp %shifted : vector<{C}x{A}>
  %sum = kernel.reduce add %exps : vector<{C}x{A}>
  %log = math.log %sum : {A}
  %lse = arith.addf %max, %log : {A}
  %loss = arith.subf %lse, %chosen : {A}
  kernel.store %loss, %nll[%row] : {A}, memref<?x{A}>
  %one = arith.constant 1.0 : {A}
  %inverse = arith.divf %one, %sum : {A}
  %inverses = vector.broadcast %inverse : {A} to vector<{C}x{A}>
  %p = arith.mulf %exps, %inverses : vector<{C}x{A}>
  %column = kernel.column : vector<{C}xi32>
  %wanted = vector.broadcast %label : i32 to vector<{C}xi32>
  %here = arith.cmpi eq, %column, %wanted : vector<{C}xi32>
  %ones = arith.constant dense<1.0> : vector<{C}x{A}>
  %zeros = arith.constant dense<0.0> : vector<{C}x{A}>
  %hot = arith.select %here, %ones, %zeros : vector<{C}xi1>, vector<{C}x{A}>
  %difference = arith.subf %p, %hot : vector<{C}x{A}>
  %ws = vector.broadcast %weight : {A} to vector<{C}x{A}>
  %gradient = arith.mulf %difference, %ws : vector<{C}x{A}>
  kernel.store %gradient, %logits[%row] : vector<{C}x{A}>, memref<?x{C}x{A}>
  kernel.return
})";

TEST_P(Rows, CrossEntropyInPlace) {
  Compiled kernels = compile(crossEntropy);
  Element wide = element == Element::F64 ? element : Element::F32;
  std::vector<double> numbers = randomNumbers(count, 3, wide);
  for (double &number : numbers)
    number *= 8;
  Buffer logits(wide, numbers), weights(wide, randomNumbers(rows, 4)), nll(wide, weights.values());
  std::vector<double> ids(rows);
  for (int r = 0; r < rows; ++r)
    ids[r] = (r * 7919 + columns - 1) % columns; // the last column is one of them
  Buffer labels(Element::I32, ids);
  kernels.run("cross_entropy", rows, {logits, labels, weights, nll}, 2);
  std::vector<double> expected(count), losses(rows);
  for (int r = 0; r < rows; ++r) {
    double max = -1e300, sum = 0;
    for (int c = 0; c < columns; ++c)
      max = std::max(max, numbers[r * columns + c]);
    for (int c = 0; c < columns; ++c)
      sum += std::exp(numbers[r * columns + c] - max);
    losses[r] = std::log(sum) + max - numbers[r * columns + int(ids[r])];
    for (int c = 0; c < columns; ++c)
      expected[r * columns + c] =
          weights[r] * (std::exp(numbers[r * columns + c] - max) / sum - (c == ids[r]));
  }
  double allowed = wide == Element::F64 ? 1e-13 : 2e-6;
  EXPECT_LT(normalizedError(nll.values(), losses), allowed);
  EXPECT_LT(normalizedError(logits.values(), expected), allowed);
}

// A norm's weight gradient: one row, folded over all tokens; and an embedding's, added in place.
const char *folds = R"(
kernel.func @weight_gradient(%dy: memref<?x{C}x{A}>, %factors: memref<?x{A}>, %tokens: index,
                             %dw: memref<1x{C}x{A}>) {
  %row = kernel.row
  %zero = arith.constant 0 : index
  %sum = kernel.fold %zero to %tokens {
  ^bb0(%j: index):
    %g = kernel.load %dy[%j] : memref<?x{C}x{A}> -> vector<{C}x{A}>
    %f = kernel.load %factors[%j] : memref<?x{A}> -> {A}
    %fs = vector.broadcast %f : {A} to vector<{C}x{A}>
    %term = arith.mulf %g, %fs : vector<{C}x{A}>
    kernel.yield %term : vector<{C}x{A}>
  } : vector<{C}x{A}>
  %old = kernel.load %dw[%row] : memref<1x{C}x{A}> -> vector<{C}x{A}>
  %new = arith.addf %old, %sum : vector<{C}x{A}>
  kernel.store %new, %dw[%row] : vector<{C}x{A}>, memref<1x{C}x{A}>
  kernel.return
}
kernel.func @embedding_gradient(%dy: memref<?x{C}x{A}>, %members: memref<?xi32>,
                                %starts: memref<?xi32>, %ids: memref<?xi32>,
                                %table: memref<5x{C}x{A}>) {
  %row = kernel.row
  %one = arith.constant 1 : index
  %next = arith.addi %row, %one : index
  %b = kernel.load %starts[%row] : memref<?xi32> -> i32
  %e = kernel.load %starts[%next] : memref<?xi32> -> i32
  %begin = arith.index_cast %b : i32 to index
  %end = arith.index_cast %e : i32 to index
  %sum = kernel.fold %begin to %end {
  ^bb0(%j: index):
    %token = kernel.load %members[%j] : memref<?xi32> -> i32
    %at = arith.index_cast %token : i32 to index
    %g = kernel.load %dy[%at] : memref<?x{C}x{A}> -> vector<{C}x{A}>
    kernel.yield %g : vector<{C}x{A}>
  } : vector<{C}x{A}>
  %i = kernel.load %ids[%row] : memref<?xi32> -> i32
  %id = arith.index_cast %i : i32 to index
  %old = kernel.load %table[%id] : memref<5x{C}x{A}> -> vector<{C}x{A}>
  %new = arith.addf %old, %sum : vector<{C}x{A}>
  kernel.store %new, %table[%id] : vector<{C}x{A}>, memref<5x{C}x{A}>
  kernel.return
}
)";
// A GPU's kernels do not sum over their own rows.
const char *foldsRows = R"(
kernel.func @weigh(%dy: memref<?x{C}x{A}>, %f: memref<?x{A}>, %y: memref<?x{C}x{A}>,
                   %p: memref<?x{C}x{A}>, %dw: memref<1x{C}x{A}>) {
  %row = kernel.row
  %v = kernel.load %dy[%row] : memref<?x{C}x{A}> -> vector<{C}x{A}>
  %w = kernel.load %f[%row] : memref<?x{A}> -> {A}
  %all = vector.broadcast %w : {A} to vector<{C}x{A}>
  %product = arith.mulf %v, %all : vector<{C}x{A}>
  kernel.store %product, %y[%row] : vector<{C}x{A}>, memref<?x{C}x{A}>
  kernel.fold_rows %product by %p {
  ^bb0(%sum: vector<{C}x{A}>):
    %zero = arith.constant 0 : index
    %old = kernel.load %dw[%zero] : memref<1x{C}x{A}> -> vector<{C}x{A}>
    %new = arith.addf %old, %sum : vector<{C}x{A}>
    kernel.store %new, %dw[%zero] : vector<{C}x{A}>, memref<1x{C}x{A}>
    kernel.yield
  } : vector<{C}x{A}>, memref<?x{C}x{A}>
  kernel.return
})";

TEST_P(Rows, Folds) {
  bool isOnGPU = isGPU(GetParam().machine);
  Compiled kernels = compile(folds + std::string(isOnGPU ? "" : foldsRows));
  Element wide = element == Element::F64 ? element : Element::F32;
  double allowed = wide == Element::F64 ? 1e-13 : 2e-6;
  Buffer dy(wide, randomNumbers(count, 5)), factors(wide, randomNumbers(rows, 6));
  Buffer dw(wide, randomNumbers(columns, 7));
  std::vector<double> expected = dw.values();
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c)
      expected[c] += dy[r * columns + c] * factors[r];
  kernels.run("weight_gradient", 1, {dy, factors, int64_t(rows), dw}, 3);
  EXPECT_LT(normalizedError(dw.values(), expected), allowed);

  // The same sum beside its rows, added to as many again: to the bit.
  if (!isOnGPU) {
    Buffer weighed = dy, again(wide, randomNumbers(columns, 7));
    Buffer partials(wide, std::vector<double>((rows / 256 + 1) * columns, 1e30));
    kernels.run("weigh", rows, {dy, factors, weighed, partials, again}, 3);
    EXPECT_EQ(again.values(), dw.values());
    for (int r = 0; r < rows; ++r)
      EXPECT_NEAR(weighed[r * columns], dy[r * columns] * factors[r], 1e-5);
  }

  // Tokens of id 4, then of id 1: the odd and the even ones.
  std::vector<double> order;
  for (int r = 1; r < rows; r += 2)
    order.push_back(r);
  double middle = order.size();
  for (int r = 0; r < rows; r += 2)
    order.push_back(r);
  Buffer members(Element::I32, order), starts(Element::I32, {0, middle, double(rows)});
  Buffer ids(Element::I32, {4, 1}), table(wide, std::vector<double>(5 * columns));
  std::vector<double> rowsOfTable(5 * columns);
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c)
      rowsOfTable[(r % 2 ? 4 : 1) * columns + c] += dy[r * columns + c];
  kernels.run("embedding_gradient", 2, {dy, members, starts, ids, table}, 3);
  EXPECT_LT(normalizedError(table.values(), rowsOfTable), allowed);
}

const std::vector<Case> cases = {
    {"avx512", Element::F32, 3, 64},
    {"avx512", Element::F32, 300,
     1023},                         // the tail after the last whole vector; two blocks of a fold
    {"avx512", Element::F32, 1, 7}, // less than a vector
    {"avx512", Element::F32, 2, 50257}, // GPT-2's vocabulary: one column after the last vector
    {"avx512", Element::F64, 5, 1023},
    {"avx512", Element::BF16, 5, 1023},
    {"avx512", Element::BF16, 2, 64},
    {"avx2", Element::F32, 600, 1023}, // three blocks
    {"avx2", Element::F32, 3, 1023},
    {"avx2", Element::F64, 3, 65},
    {"avx2", Element::BF16, 3, 65},
    {"portable", Element::F32, 3, 1023},
    {"portable", Element::F64, 3, 65},
    {"portable", Element::BF16, 3, 65},
    {"simt", Element::F32, 1, 7},
    {"simt", Element::F32, 3, 64},
    {"simt", Element::F32, 300, 1023},
    {"simt", Element::F32, 2, 50257},
    {"simt", Element::F32, 3, 32000},
    {"simt", Element::F64, 5, 1023},
    {"simt", Element::BF16, 5, 1023},
    {"simt", Element::BF16, 2, 64},
};
INSTANTIATE_TEST_SUITE_P(Every, Rows, testing::ValuesIn(andOnGPU(cases)), MachineAndNumber());

const char *sumsBesideOthers = R"(
kernel.func @alone(%x: memref<?x{C}xf32>, %sum: memref<?xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x{C}xf32> -> vector<{C}xf32>
  %s = kernel.reduce add %v : vector<{C}xf32>
  kernel.store %s, %sum[%row] : f32, memref<?xf32>
  kernel.return
}
kernel.func @beside(%x: memref<?x{C}xf32>, %sum: memref<?xf32>, %copy: memref<?x{C}xbf16>,
                    %long: memref<?x6400xf32>, %total: memref<?xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x{C}xf32> -> vector<{C}xf32>
  %s = kernel.reduce add %v : vector<{C}xf32>
  %n = arith.truncf %v : vector<{C}xf32> to vector<{C}xbf16>
  %l = kernel.load %long[%row] : memref<?x6400xf32> -> vector<6400xf32>
  %t = kernel.reduce add %l : vector<6400xf32>
  kernel.store %s, %sum[%row] : f32, memref<?xf32>
  kernel.store %t, %total[%row] : f32, memref<?xf32>
  kernel.store %n, %copy[%row] : vector<{C}xbf16>, memref<?x{C}xbf16>
  kernel.return
})";

/// Fused or not, the bits are the same, so neighbours may not decide how a sum is made.
TEST(RowSums, DoNotDependOnWhatElseTheirKernelDoes) {
  for (const char *machine : {"avx512", "avx2", "portable", "simt", "cuda"}) {
    if (!runs(machine))
      continue;
    for (int columns : {7, 20, 64, 100, 512, 1000, 1023, 2050, 4104, 32000}) {
      Compiled kernels(substitute(sumsBesideOthers, {{"C", std::to_string(columns)}}), machine);
      Buffer x(Element::F32, randomNumbers(3 * columns, 1)), copy(Element::BF16, x.values());
      Buffer alone(Element::F32, {0, 0, 0}), beside = alone, total = alone;
      Buffer others(Element::F32, randomNumbers(3 * 6400, 2));
      kernels.run("alone", 3, {x, alone});
      kernels.run("beside", 3, {x, beside, copy, others, total});
      EXPECT_EQ(alone.values(), beside.values()) << machine << ", " << columns << " columns";
    }
  }
}

} // namespace
