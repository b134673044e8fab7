//===- ContractPipelineTest.cpp - matmuls whose operands are copied ahead -===//
//
// As an H100 gets them, by the copy engine and wgmma: all forms, with what recipes put
// behind sums, against plain loops in double, at sizes that end inside every box. Then
// what the pipeline's parts wait for is taken out of the text or changed, and the
// emulator has to tell.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/kernels/Emulated.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace roux;
using namespace roux::test;

namespace {

/// sum over k of left(i, k) * right(k, n).
struct Matrix {
  const Buffer &numbers;
  int row, column; ///< distances
  double operator()(int i, int k) const { return numbers[i * row + k * column]; }
};
double product(const Matrix &left, const Matrix &right, int i, int n, int terms) {
  double sum = 0;
  for (int k = 0; k < terms; ++k)
    sum += left(i, k) * right(k, n);
  return sum;
}

Buffer drawn(int count, int seed, Element element = Element::BF16) {
  return {element, randomNumbers(count, seed, Element::BF16)};
}

/// An operand that is rows of `buffer`, of which those columns from `from` on.
std::string rowsOf(const char *side, const std::string &buffer, int columns, int pitch = 0,
                   int from = 0) {
  return substitute(R"( {side} {
  ^bb0(%i: index):
    %row = kernel.load %{buffer}[%i]{from} : memref<?x{P}xbf16> -> vector<{C}xbf16>
    kernel.yield %row : vector<{C}xbf16>
  })",
                    {{"side", side},
                     {"buffer", buffer},
                     {"from", from ? " from " + std::to_string(from) : ""},
                     {"P", std::to_string(pitch ? pitch : columns)},
                     {"C", std::to_string(columns)}});
}

/// The kernel `k` of a text, as the emulator has it, which is looked at for copies, or a GPU.
class Pipelined {
public:
  Pipelined(const std::string &text, const std::string &machine) {
    if (machine == "cuda")
      onGPU = std::make_unique<Compiled>(text, machine);
    else
      emulated = std::make_unique<Emulated>(lowered(text));
  }
  void run(int64_t extent, const std::vector<Argument> &arguments) {
    if (onGPU)
      return onGPU->run("k", extent, arguments);
    ++seed;
    emulated->run("k", extent, arguments, {.seed = seed % 3, .earlyCopies = seed % 2 == 0});
  }

private:
  static EmulatedCode lowered(const std::string &text) {
    std::string threads = lowerForGPU(text, "sm_90a");
    EXPECT_NE(threads.find("cp.async.bulk.tensor"), threads.npos) << text;
    return compileForEmulator(threads, "gpu", "k", "sm_90a");
  }
  std::unique_ptr<Emulated> emulated;
  std::unique_ptr<Compiled> onGPU;
  uint64_t seed = 0;
};

struct Sizes {
  const char *machine, *form;
  int rows, columns, terms;
};

void PrintTo(const Sizes &sizes, std::ostream *out) {
  *out << sizes.form << " " << sizes.rows << "x" << sizes.columns << "x" << sizes.terms;
}

class ContractPipeline : public testing::TestWithParam<Sizes> {
protected:
  void SetUp() override {
    if (!runs(GetParam().machine))
      GTEST_SKIP() << "there is no GPU"; // the same cases run emulated; tests/gpu/run has one
  }
  bool nt() const { return GetParam().form == std::string("nt"); }
  bool tn() const { return GetParam().form == std::string("tn"); }
  int extent() const { return tn() ? GetParam().terms : GetParam().rows; }
  int leftColumns() const { return tn() ? GetParam().rows : GetParam().terms; }
  int rightColumns() const { return nt() ? GetParam().terms : GetParam().columns; }
  Matrix left(const Buffer &a) const {
    return tn() ? Matrix{a, 1, GetParam().rows} : Matrix{a, GetParam().terms, 1};
  }
  Matrix right(const Buffer &b) const {
    return nt() ? Matrix{b, 1, GetParam().terms} : Matrix{b, GetParam().columns, 1};
  }
};

// A gradient in f32 that is added to, and a bias, as `y`; the sums rounded beside a residual as
// `z`.
TEST_P(ContractPipeline, AddsAndRounds) {
  const auto [machine, form, rows, columns, terms] = GetParam();
  Pipelined kernel(substitute(R"(
kernel.func @k(%a: memref<?x{L}xbf16>, %b: memref<?x{R}xbf16>, %bias: memref<{N}xf32>,
               %y: memref<?x{N}xf32>, %x: memref<?x{N}xbf16>, %z: memref<?x{N}xbf16>) {
  kernel.contract {form}{left}{right} result {
  ^bb0(%i: index, %sum: vector<{N}xf32>):
    %c = kernel.load %bias[] : memref<{N}xf32> -> vector<{N}xf32>
    %old = kernel.load %y[%i] : memref<?x{N}xf32> -> vector<{N}xf32>
    %v0 = arith.addf %sum, %c : vector<{N}xf32>
    %v1 = arith.addf %v0, %old : vector<{N}xf32>
    kernel.store %v1, %y[%i] : vector<{N}xf32>, memref<?x{N}xf32>
    %rest = kernel.load %x[%i] : memref<?x{N}xbf16> -> vector<{N}xbf16>
    %wide = arith.extf %rest : vector<{N}xbf16> to vector<{N}xf32>
    %both = arith.addf %sum, %wide : vector<{N}xf32>
    %short = arith.truncf %both : vector<{N}xf32> to vector<{N}xbf16>
    kernel.store %short, %z[%i] : vector<{N}xbf16>, memref<?x{N}xbf16>
    kernel.yield
  }
  kernel.return
})",
                              {{"form", form},
                               {"left", rowsOf("left", "a", leftColumns())},
                               {"right", rowsOf("right", "b", rightColumns())},
                               {"L", std::to_string(leftColumns())},
                               {"R", std::to_string(rightColumns())},
                               {"N", std::to_string(columns)}}),
                   machine);
  Buffer a = drawn(rows * terms, 1), b = drawn(columns * terms, 2);
  Buffer bias = drawn(columns, 3, Element::F32), y = drawn(rows * columns, 4, Element::F32);
  Buffer x = drawn(rows * columns, 5), z = drawn(rows * columns, 6);
  std::vector<double> wantedY = y.values(), wantedZ = x.values();
  for (int i = 0; i < rows; ++i)
    for (int n = 0; n < columns; ++n) {
      double sum = product(left(a), right(b), i, n, terms);
      wantedY[i * columns + n] += sum + bias[n];
      wantedZ[i * columns + n] += sum;
    }
  kernel.run(extent(), {a, b, bias, y, x, z});
  EXPECT_LT(normalizedError(y.values(), wantedY), 2e-6);
  EXPECT_LT(normalizedError(z.values(), wantedZ), 4e-3);
}

std::vector<Sizes> onAll(std::vector<Sizes> sizes) {
  for (size_t i = 0, count = sizes.size(); i < count; ++i)
    sizes.push_back(sizes[i]), sizes.back().machine = "cuda";
  return sizes;
}
constexpr const char *hopper = "simt_hopper";
INSTANTIATE_TEST_SUITE_P(Forms, ContractPipeline,
                         testing::ValuesIn(onAll({{hopper, "nt", 128, 256, 64},
                                                  {hopper, "nt", 131, 261, 584},
                                                  {hopper, "nt", 1, 8, 40},
                                                  {hopper, "nt", 260, 72, 200},
                                                  {hopper, "nn", 128, 256, 64},
                                                  {hopper, "nn", 131, 264, 584},
                                                  {hopper, "nn", 1, 8, 40},
                                                  {hopper, "nn", 260, 72, 200},
                                                  {hopper, "tn", 128, 256, 64},
                                                  {hopper, "tn", 136, 264, 581},
                                                  {hopper, "tn", 8, 8, 1},
                                                  {hopper, "tn", 264, 72, 203}})),
                         MachineAndNumber());

class PipelineResults : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    if (!runs(GetParam()))
      GTEST_SKIP() << "there is no GPU"; // the same cases run emulated; tests/gpu/run has one
  }
};

// Two weights of one stream, whose sums meet: SwiGLU.
TEST_P(PipelineResults, MeetInOneBody) {
  const int rows = 150, columns = 176, terms = 136;
  Pipelined kernel(substitute(R"(
kernel.func @k(%x: memref<?x136xbf16>, %u: memref<?x136xbf16>, %v: memref<?x136xbf16>,
               %y: memref<?x176xf32>) {
  kernel.contract nt{x}{u}{v}
  result of 0 * 0, 0 * 1 {
  ^bb0(%i: index, %gate: vector<176xf32>, %up: vector<176xf32>):
    %one = arith.constant dense<1.0> : vector<176xf32>
    %minus = arith.negf %gate : vector<176xf32>
    %power = math.exp %minus : vector<176xf32>
    %below = arith.addf %power, %one : vector<176xf32>
    %silu = arith.divf %gate, %below : vector<176xf32>
    %both = arith.mulf %silu, %up : vector<176xf32>
    kernel.store %both, %y[%i] : vector<176xf32>, memref<?x176xf32>
    kernel.yield
  }
  kernel.return
})",
                              {{"x", rowsOf("left", "x", terms)},
                               {"u", rowsOf("right", "u", terms)},
                               {"v", rowsOf("right", "v", terms)}}),
                   GetParam());
  Buffer x = drawn(rows * terms, 1), u = drawn(columns * terms, 2), v = drawn(columns * terms, 3);
  Buffer y(Element::F32, std::vector<double>(rows * columns));
  kernel.run(rows, {x, u, v, y});
  std::vector<double> wanted;
  for (int i = 0; i < rows; ++i)
    for (int n = 0; n < columns; ++n) {
      double gate = product({x, terms, 1}, {u, 1, terms}, i, n, terms);
      wanted.push_back(gate / (1 + std::exp(-gate)) *
                       product({x, terms, 1}, {v, 1, terms}, i, n, terms));
    }
  EXPECT_LT(normalizedError(y.values(), wanted), 4e-6);
}

// Heads that are turned by halves, rope's way, beside a plain result of other columns; operands are
// parts of wider rows.
TEST_P(PipelineResults, AreSeenByWindowsAndBesideOthers) {
  const int rows = 133, terms = 72, pitch = 160, from = 80, heads = 5, head = 24, other = 40;
  const int turned = heads * head;
  Pipelined kernel(substitute(R"(
kernel.func @k(%x: memref<?x160xbf16>, %u: memref<?x72xbf16>, %v: memref<?x160xbf16>,
               %y: memref<?x24xf32>, %z: memref<?x40xf32>) {
  kernel.contract nt{x}{u}{v}
  result of 0 * 0 windows 5 {
  ^bb0(%i: index, %a: vector<24xf32>):
    %low = kernel.part %a from 0 : vector<24xf32> -> vector<12xf32>
    %high = kernel.part %a from 12 : vector<24xf32> -> vector<12xf32>
    kernel.store %high, %y[%i] : vector<12xf32>, memref<?x24xf32>
    kernel.store %low, %y[%i] from 12 : vector<12xf32>, memref<?x24xf32>
    kernel.yield
  } result of 0 * 1 {
  ^bb0(%i: index, %a: vector<40xf32>):
    kernel.store %a, %z[%i] : vector<40xf32>, memref<?x40xf32>
    kernel.yield
  }
  kernel.return
})",
                              {{"x", rowsOf("left", "x", terms, pitch, from)},
                               {"u", rowsOf("right", "u", terms)},
                               {"v", rowsOf("right", "v", terms, pitch, from)}}),
                   GetParam());
  Buffer x = drawn(rows * pitch, 1), u = drawn(turned * terms, 2), v = drawn(other * pitch, 3);
  Buffer y(Element::F32, std::vector<double>(rows * turned));
  Buffer z(Element::F32, std::vector<double>(rows * other));
  kernel.run(rows, {x, u, v, y, z});
  std::vector<double> wantedY(rows * turned), wantedZ;
  for (int i = 0; i < rows; ++i) {
    auto part = [&](int k) { return x[i * pitch + from + k]; };
    for (int n = 0; n < turned; ++n) {
      double sum = 0;
      for (int k = 0; k < terms; ++k)
        sum += part(k) * u[n * terms + k];
      wantedY[i * turned + n + (n % head < head / 2 ? head / 2 : -head / 2)] = sum;
    }
    for (int n = 0; n < other; ++n) {
      double sum = 0;
      for (int k = 0; k < terms; ++k)
        sum += part(k) * v[n * pitch + from + k];
      wantedZ.push_back(sum);
    }
  }
  EXPECT_LT(normalizedError(y.values(), wantedY), 2e-6);
  EXPECT_LT(normalizedError(z.values(), wantedZ), 2e-6);
}

// Streams of other lengths whose products are one sum.
TEST_P(PipelineResults, AreSumsOfSeveral) {
  const int rows = 140, columns = 72, first = 64, second = 208;
  Pipelined sum(substitute(R"(
kernel.func @k(%a: memref<?x64xbf16>, %b: memref<?x208xbf16>, %u: memref<?x72xbf16>,
               %v: memref<?x72xbf16>, %y: memref<?x72xf32>) {
  kernel.contract nn{a}{b}{u}{v}
  result of 0 * 0, 1 * 1 {
  ^bb0(%i: index, %s: vector<72xf32>, %t: vector<72xf32>):
    %both = arith.addf %s, %t : vector<72xf32>
    kernel.store %both, %y[%i] : vector<72xf32>, memref<?x72xf32>
    kernel.yield
  }
  kernel.return
})",
                           {{"a", rowsOf("left", "a", first)},
                            {"b", rowsOf("left", "b", second)},
                            {"u", rowsOf("right", "u", columns)},
                            {"v", rowsOf("right", "v", columns)}}),
                GetParam());
  Buffer a = drawn(rows * first, 1), b = drawn(rows * second, 2), u = drawn(first * columns, 3);
  Buffer v = drawn(second * columns, 4), y(Element::F32, std::vector<double>(rows * columns));
  sum.run(rows, {a, b, u, v, y});
  std::vector<double> wanted;
  for (int i = 0; i < rows; ++i)
    for (int n = 0; n < columns; ++n)
      wanted.push_back(product({a, first, 1}, {u, columns, 1}, i, n, first) +
                       product({b, second, 1}, {v, columns, 1}, i, n, second));
  EXPECT_LT(normalizedError(y.values(), wanted), 2e-6);
}

// The gradients of two weights of one input, of other rows.
TEST_P(PipelineResults, HaveRowsOfTheirOwn) {
  const int terms = 301, columns = 136, first = 80, second = 200;
  Pipelined kernel(substitute(R"(
kernel.func @k(%g: memref<?x80xbf16>, %h: memref<?x200xbf16>, %x: memref<?x136xbf16>,
               %u: memref<?x136xf32>, %v: memref<?x136xf32>) {
  kernel.contract tn{g}{h}{x}
  result of 0 * 0 {
  ^bb0(%i: index, %s: vector<136xf32>):
    kernel.store %s, %u[%i] : vector<136xf32>, memref<?x136xf32>
    kernel.yield
  } result of 1 * 0 {
  ^bb0(%i: index, %s: vector<136xf32>):
    kernel.store %s, %v[%i] : vector<136xf32>, memref<?x136xf32>
    kernel.yield
  }
  kernel.return
})",
                              {{"g", rowsOf("left", "g", first)},
                               {"h", rowsOf("left", "h", second)},
                               {"x", rowsOf("right", "x", columns)}}),
                   GetParam());
  Buffer g = drawn(terms * first, 1), h = drawn(terms * second, 2), x = drawn(terms * columns, 3);
  Buffer u(Element::F32, std::vector<double>(first * columns));
  Buffer v(Element::F32, std::vector<double>(second * columns));
  for (int count : {terms, 0}) { // of no terms a sum is 0
    kernel.run(count, {g, h, x, u, v});
    for (auto [gradient, from, rows] : {std::tuple(&u, &g, first), std::tuple(&v, &h, second)}) {
      std::vector<double> wanted;
      for (int i = 0; i < rows; ++i)
        for (int n = 0; n < columns; ++n)
          wanted.push_back(product({*from, 1, rows}, {x, columns, 1}, i, n, count));
      EXPECT_LT(normalizedError(gradient->values(), wanted), 2e-6) << rows << " rows";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, PipelineResults, testing::Values("simt_hopper", "cuda"),
                         MachineAndNumber());

/// A product of 130 x 72 numbers of 648 terms, more than there are stages for, as threads.
std::string loweredProduct(const char *form) {
  bool isTN = form == std::string("tn");
  return lowerForGPU(substitute(R"(
kernel.func @k(%a: memref<?x{L}xbf16>, %b: memref<?x{R}xbf16>, %y: memref<?x72xf32>) {
  kernel.contract {form}{left}{right} result {
  ^bb0(%i: index, %sum: vector<72xf32>):
    kernel.store %sum, %y[%i] : vector<72xf32>, memref<?x72xf32>
    kernel.yield
  }
  kernel.return
})",
                                {{"form", form},
                                 {"left", rowsOf("left", "a", isTN ? 136 : 648)},
                                 {"right", rowsOf("right", "b", isTN ? 72 : 648)},
                                 {"L", isTN ? "136" : "648"},
                                 {"R", isTN ? "72" : "648"}}),
                     "sm_90a");
}

/// What the emulator says first of that, with its line; where nothing is wrong, nothing.
std::pair<std::string, std::string> reportOf(const std::string &text, bool isTN, int terms) {
  Emulated code(compileForEmulator(text, "gpu", "product", "sm_90a"));
  Buffer a = drawn(136 * 648, 1), b = drawn(72 * 648, 2);
  Buffer y(Element::F32, std::vector<double>(136 * 72));
  for (uint64_t seed : {0, 1, 2, 3})
    try {
      code.run("k", isTN ? terms : 130, {a, b, y}, {.seed = seed, .earlyCopies = seed % 2 == 1});
    } catch (const SimtError &error) {
      std::string report = error.what();
      size_t line = 0;
      if (report.starts_with("product:"))
        line = std::stoul(report.substr(8));
      size_t begin = 0;
      for (size_t i = 1; i < line; ++i)
        begin = text.find('\n', begin) + 1;
      return {report, text.substr(begin, text.find('\n', begin) - begin)};
    }
  return {};
}

struct Fault {
  const char *name, *form, *what, *instead;
  const char *report; ///< a part of it
  const char *line;   ///< a part of the line that it names
  int terms = 648;
};

void PrintTo(const Fault &fault, std::ostream *out) {
  *out << fault.name;
}

const Fault faults[] = {
    {"StagesAreReleasedEarly", "nt", "wgmma.wait_group.sync.aligned 1;",
     "wgmma.wait_group.sync.aligned 2;",
     "thread 256 copies asynchronously to 16384 bytes of shared memory at byte 1024, which warp 0 "
     "multiplies at product:",
     "cp.async.bulk.tensor"},
    {"ProductsAreNotWaitedFor", "nt", "wgmma.wait_group.sync.aligned 1;",
     "wgmma.fence.sync.aligned;", "and nobody has waited for it", "cp.async.bulk.tensor"},
    {"TooFewBytesAreExpected", "nt", "26624 : i32", "16384 : i32",
     "to which the copy engine copies asynchronously at product:", "wgmma.mma_async"},
    {"BoxesAreNotWaitedFor", "nt",
     "{ .reg .pred p; W: mbarrier.try_wait.parity.shared::cta.b64 p, [$0], $1; @p bra.uni D; "
     "bra.uni W; D: }",
     "fence.proxy.async.shared::cta;",
     "of shared memory at byte 1024, which no thread of the block has written", "wgmma.mma_async"},
    {"ThreadsDoNotMeet", "nt", "gpu.barrier", "",
     "reads 8 bytes of shared memory at byte 0, which thread 0 writes at product:",
     "mbarrier.try_wait"},
    {"DescriptorsAreNotSwizzled", "nt", "4611686293305360384", "274877972480",
     "gives wgmma a matrix that is not swizzled by 128 bytes", "wgmma.mma_async"},
    {"DescriptorsLeaveTheirTile", "tn", "4611686293338849280", "4611686293372403712",
     "of shared memory at byte 82944, which no thread of the block has written", "wgmma.mma_async",
     64},
};

class PipelineFaults : public testing::TestWithParam<Fault> {};

TEST_P(PipelineFaults, AreFoundAtTheirLines) {
  const Fault &fault = GetParam();
  bool isTN = fault.form == std::string("tn");
  std::string text = loweredProduct(fault.form);
  EXPECT_EQ(reportOf(text, isTN, fault.terms).first, "");
  ASSERT_NE(text.find(fault.what), text.npos) << text;
  for (size_t at = 0; (at = text.find(fault.what, at)) != text.npos;)
    text.replace(at, std::string(fault.what).size(), fault.instead);
  auto [report, line] = reportOf(text, isTN, fault.terms);
  EXPECT_NE(report.find(fault.report), report.npos) << report;
  EXPECT_NE(line.find(fault.line), line.npos) << line;
}

INSTANTIATE_TEST_SUITE_P(Every, PipelineFaults, testing::ValuesIn(faults),
                         [](const auto &fault) { return std::string(fault.param.name); });

} // namespace
