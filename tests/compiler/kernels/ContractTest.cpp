//===- ContractTest.cpp - matmul kernels against plain loops in double ----===//
//
// All three forms, with a body on the way in and out, at sizes that end inside
// every tile; and that a row's bits do not depend on the rows beside it.
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
  int rows, columns, terms; // of the result; of the sum
  bool bare = false;        // the left operand goes in as it is, so bf16 stays bf16
};

void PrintTo(const Case &c, std::ostream *out) {
  *out << c.machine << " " << spelling(c.element) << " " << c.rows << "x" << c.columns << "x"
       << c.terms << (c.bare ? " bare" : "");
}

// The left operand is squared on the way in, unless it is bare; a bias and the old result are added
// on the way out.
const char *contract = R"(
kernel.func @contract(%a: memref<?x{L}x{T}>, %b: memref<?x{R}x{T}>, %bias: memref<{N}x{A}>,
                      %y: memref<?x{N}x{A}>) {few} {
  kernel.contract {form} left {
  ^bb0(%i: index):
    %v = kernel.load %a[%i] : memref<?x{L}x{T}> -> vector<{L}x{T}>
    {bf16} %w = arith.extf %v : vector<{L}x{T}> to vector<{L}x{A}>
    {plain} %one = arith.constant dense<1.0> : vector<{L}x{A}>
    {plain} %w = arith.mulf %v, %one : vector<{L}x{A}>
    %squared = arith.mulf %w, %w : vector<{L}x{A}>
    kernel.yield {left} : vector<{L}x{LA}>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %b[%n] : memref<?x{R}x{T}> -> vector<{R}x{T}>
    kernel.yield %v : vector<{R}x{T}>
  } result {
  ^bb0(%i: index, %sum: vector<{N}x{A}>):
    %c = kernel.load %bias[] : memref<{N}x{A}> -> vector<{N}x{A}>
    %old = kernel.load %y[%i] : memref<?x{N}x{A}> -> vector<{N}x{A}>
    %v0 = arith.addf %sum, %c : vector<{N}x{A}>
    %v1 = arith.addf %v0, %old : vector<{N}x{A}>
    kernel.store %v1, %y[%i] : vector<{N}x{A}>, memref<?x{N}x{A}>
    kernel.yield
  }
  kernel.return
})";

class Contract : public testing::TestWithParam<Case> {
protected:
  void check(const char *form, bool isForFewRows = false) {
    const Case &c = GetParam();
    if (!runs(c.machine))
      GTEST_SKIP() << "this processor does not run code for " << c.machine;
    bool nt = form == std::string("nt"), tn = form == std::string("tn");
    Element wide = c.element == Element::F64 ? c.element : Element::F32;
    int leftColumns = tn ? c.rows : c.terms, rightColumns = nt ? c.terms : c.columns;
    Compiled kernels(substitute(contract, {{"form", form},
                                           {"few", nt && (isForFewRows || !isGPU(c.machine))
                                                       ? "attributes {few_rows}"
                                                       : ""},
                                           {"L", std::to_string(leftColumns)},
                                           {"R", std::to_string(rightColumns)},
                                           {"N", std::to_string(c.columns)},
                                           {"T", spelling(c.element)},
                                           {"A", spelling(wide)},
                                           {"bf16", c.element == Element::BF16 ? "" : "//"},
                                           {"plain", c.element == Element::BF16 ? "//" : ""},
                                           {"left", c.bare ? "%v" : "%squared"},
                                           {"LA", spelling(c.bare ? c.element : wide)}}),
                     c.machine);
    Buffer a(c.element, randomNumbers(size_t(c.rows) * c.terms, 1));
    Buffer b(c.element, randomNumbers(size_t(c.columns) * c.terms, 2));
    Buffer bias(wide, randomNumbers(c.columns, 3));
    Buffer y(wide, randomNumbers(size_t(c.rows) * c.columns, 4));
    std::vector<double> expected = y.values();
    for (int i = 0; i < c.rows; ++i)
      for (int n = 0; n < c.columns; ++n) {
        double sum = 0;
        for (int k = 0; k < c.terms; ++k) {
          double left = a[tn ? k * c.rows + i : i * c.terms + k];
          sum += (c.bare ? left : left * left) * b[nt ? n * c.terms + k : k * c.columns + n];
        }
        expected[i * c.columns + n] += sum + bias[n];
      }
    kernels.run("contract", tn ? c.terms : c.rows, {a, b, bias, y}, 2);
    EXPECT_LT(normalizedError(y.values(), expected), wide == Element::F64 ? 1e-14 : 2e-6);
  }
};

TEST_P(Contract, NT) {
  check("nt");
}
TEST_P(Contract, NN) {
  check("nn");
}
TEST_P(Contract, TN) {
  check("tn");
}

const std::vector<Case> cases = {
    {"avx512", Element::F32, 1, 64, 64},
    {"avx512", Element::F64, 2, 70, 72},
    {"avx512_bf16", Element::BF16, 2, 70, 96, true},
    {"avx512_bf16", Element::BF16, 1, 200, 4160, true}, // a long sum of pairs
    {"avx2", Element::F32, 2, 70, 1096},
    {"portable", Element::F32, 1, 19, 12},
    {"avx512", Element::F32, 131, 261,
     517}, // just over one block each way, two stretches and a bit
    {"avx512", Element::F32, 7, 5, 3},
    {"avx512", Element::F64, 131, 263, 257},
    {"avx512", Element::BF16, 33, 65, 300},
    {"avx512_bf16", Element::BF16, 131, 261, 1035, true}, // pairs, with an odd one at the end
    {"avx512_bf16", Element::BF16, 7, 5, 1, true},
    {"avx512", Element::F32, 300, 500, 384}, // read in place, rows and columns beyond a block
    {"avx512", Element::F32, 9, 130, 2100},  // a long sum, and one row beyond a tile
    {"avx512_amx", Element::BF16, 131, 261, 1035, true}, // blocks, with an odd term at the end
    {"avx512_amx", Element::BF16, 7, 5, 1, true},
    {"avx512_amx", Element::BF16, 1, 40, 64, true},     // read in place
    {"avx512_amx", Element::BF16, 330, 420, 640, true}, // beyond every block
    {"avx512_amx", Element::BF16, 33, 65, 300},         // one operand is f32, so no pairs
    {"avx512_bf16", Element::BF16, 33, 65, 300},        // one operand is f32, so no pairs
    {"avx512", Element::BF16, 131, 261, 517, true},
    {"avx2", Element::F32, 135, 261, 257}, // a block of 132 rows: 6 divides no power of two
    {"avx2", Element::F64, 9, 17, 33},
    {"portable", Element::F32, 135, 261, 257},
    {"portable", Element::BF16, 9, 17, 33},
    {"simt", Element::F32, 131, 261, 517},
    {"simt", Element::F32, 7, 5, 3},
    {"simt", Element::F32, 66, 40, 72, true},
    {"simt", Element::F64, 9, 17, 33},
    {"simt", Element::BF16, 148, 200, 176,
     true}, // by asynchronous copies, with rows that are not there
    {"simt", Element::BF16, 276, 64, 64, true},
    {"simt", Element::BF16, 33, 65, 300},
    {"simt", Element::BF16, 131, 261, 1035, true},
    {"simt", Element::BF16, 130, 264, 640, true}, // every access of 16 bytes
    {"simt", Element::BF16, 7, 5, 1, true},
    {"simt", Element::BF16, 70, 72, 96, true}, // lines that are no whole turns of the threads
    {"simt_hopper", Element::BF16, 128, 64, 64, true}, // one tile, one stage
    {"simt_hopper", Element::BF16, 148, 200, 176, true},
    {"simt_hopper", Element::BF16, 33, 65, 300}, // bodies write what is multiplied
    {"simt_hopper", Element::BF16, 131, 261, 1035, true},
    {"simt_hopper", Element::BF16, 130, 264, 640, true}, // every access of 16 bytes
    {"simt_hopper", Element::BF16, 7, 5, 1, true},
    {"simt_hopper", Element::F32, 7, 5, 3},
    {"simt_hopper", Element::BF16, 20, 40000, 40, true}, // tn: tiles of 192 columns, for two waves
};
/// `cases`, and those whose kernels are products and sums alone by a GPU's library as well.
std::vector<Case> andByLibrary(std::vector<Case> cases) {
  for (size_t i = 0, count = cases.size(); i < count; ++i)
    if (cases[i].bare && std::string(cases[i].machine) == "simt")
      cases.push_back(cases[i]), cases.back().machine = "cublas";
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Every, Contract, testing::ValuesIn(andByLibrary(andOnGPU(cases))),
                         MachineAndNumber());

// On a GPU the kernels for few rows are others, which take any number of them.
class ContractFewRows : public Contract {};

TEST_P(ContractFewRows, NT) {
  check("nt", /*isForFewRows=*/true);
}

const std::vector<Case> fewRows = {
    {"simt", Element::F32, 1, 64, 64},
    {"simt", Element::F32, 1, 5, 3},            // an access of one number, of one warp
    {"simt", Element::F32, 2, 70, 517},         // no access is of more than one
    {"simt", Element::F32, 3, 33, 2100},        // all warps have terms, some one more access
    {"simt", Element::F32, 9, 2500, 72},        // more columns a block, a row beyond eight
    {"simt", Element::F64, 5, 19, 330},         //
    {"simt", Element::BF16, 1, 70, 96, true},   //
    {"simt", Element::BF16, 1, 10, 1, true},    //
    {"simt", Element::BF16, 4, 37, 1035, true}, //
    {"simt", Element::BF16, 6, 64, 2048, true}, // every access of 16 bytes, every lane has one
    {"simt", Element::BF16, 7, 261, 300},       // the left operand is computed, in f32
    {"simt", Element::BF16, 8, 40, 4160, true}, //
    {"simt", Element::BF16, 17, 48, 640, true}, //
    {"simt_hopper", Element::BF16, 2, 72, 256, true}, // not by warpgroups
};
INSTANTIATE_TEST_SUITE_P(Every, ContractFewRows, testing::ValuesIn(andOnGPU(fewRows)),
                         MachineAndNumber());

/// Rows of both operands: in f32 with the left one squared, in bf16 as they are.
std::string rowsByRows(int columns, int terms, Element element = Element::F32) {
  bool bf16 = element == Element::BF16;
  const char *sums = element == Element::F64 ? "f64" : "f32";
  return substitute(contract, {{"form", "nt"},
                               {"few", "attributes {few_rows}"},
                               {"L", std::to_string(terms)},
                               {"R", std::to_string(terms)},
                               {"N", std::to_string(columns)},
                               {"T", spelling(element)},
                               {"A", sums},
                               {"bf16", bf16 ? "" : "//"},
                               {"plain", bf16 ? "//" : ""},
                               {"left", bf16 ? "%v" : "%squared"},
                               {"LA", spelling(element)}});
}

// What lies beyond an odd last term must not reach the sum, not even as 0 * infinity.
TEST(ContractPairs, AnOddLastTermIsAlone) {
  const int columns = 3, terms = 5;
  Compiled kernels(substitute(contract, {{"form", "nn"},
                                         {"few", ""},
                                         {"L", std::to_string(terms)},
                                         {"R", std::to_string(columns)},
                                         {"N", std::to_string(columns)},
                                         {"T", "bf16"},
                                         {"A", "f32"},
                                         {"bf16", ""},
                                         {"plain", "//"},
                                         {"left", "%v"},
                                         {"LA", "bf16"}}));
  std::vector<double> left(2 * terms, 1), right(terms * columns, 2);
  left[terms] = INFINITY; // begins the row after the one asked for
  Buffer a(Element::BF16, left), b(Element::BF16, right);
  Buffer bias(Element::F32, std::vector<double>(columns)), y = bias;
  kernels.run("contract", 1, {a, b, bias, y});
  for (int n = 0; n < columns; ++n)
    EXPECT_EQ(y[n], 10);
}

// A chain of all terms would stay at its first, 2^24, to which nothing adds 1 in f32.
TEST(ContractSums, OfStretchesAreAddedAtTheirEnds) {
  const int columns = 9, terms = 4096;
  Compiled kernels(rowsByRows(columns, terms));
  std::vector<double> left(terms, 1);
  left[0] = 4096;
  Buffer a(Element::F32, left), b(Element::F32, std::vector<double>(columns * terms, 1));
  Buffer bias(Element::F32, std::vector<double>(columns)), y = bias;
  kernels.run("contract", 1, {a, b, bias, y});
  for (int n = 0; n < columns; ++n)
    EXPECT_NEAR(y[n], 16777216 + terms, 256);
}

/// Rows [first, first + count) by themselves have the bits that they have among the others.
void expectAloneAsTogether(const char *machine, Element element, int terms) {
  if (!runs(machine))
    return;
  const int columns = 70, rows = 150;
  Element sums = element == Element::F64 ? element : Element::F32;
  Compiled kernels(rowsByRows(columns, terms, element), machine);
  auto numbers = randomNumbers(rows * terms, 1, element);
  Buffer a(element, numbers), b(element, randomNumbers(columns * terms, 2));
  Buffer bias(sums, randomNumbers(columns, 3));
  Buffer together(sums, std::vector<double>(rows * columns));
  kernels.run("contract", rows, {a, b, bias, together}, 3);
  // Nothing is laid out for two or three tiles' rows, of 4, 6 or 8, where terms fill vectors.
  for (int count : {1, 2, 4, 5, 8, 9, 13, 18, 24, 25})
    for (int row : {0, 5, 125}) {
      std::vector<double> few(numbers.begin() + row * terms,
                              numbers.begin() + (row + count) * terms);
      Buffer some(element, few), y(sums, std::vector<double>(count * columns));
      kernels.run("contract", count, {some, b, bias, y});
      for (int at = 0; at < count * columns; ++at)
        ASSERT_EQ(y[at], together[row * columns + at])
            << machine << ", " << terms << " terms, row " << row << " of " << count << ", number "
            << at;
    }
}

TEST(ContractRows, DoNotDependOnTheirNeighbours) {
  for (const char *machine : {"avx512", "avx2", "portable"}) {
    expectAloneAsTogether(machine, Element::F32, 300);
    expectAloneAsTogether(machine, Element::F32, 320);
    expectAloneAsTogether(machine, Element::F32, 2112); // stretches are added at their ends
    expectAloneAsTogether(machine, Element::F64, 72);
  }
  expectAloneAsTogether("avx512_bf16", Element::BF16, 320);
  expectAloneAsTogether("avx512_bf16", Element::BF16, 4160);
  for (const char *machine : {"simt", "cuda"}) { // one alone, and with up to seven others
    expectAloneAsTogether(machine, Element::F32, 300);
    expectAloneAsTogether(machine, Element::BF16, 2112);
  }
}

} // namespace
