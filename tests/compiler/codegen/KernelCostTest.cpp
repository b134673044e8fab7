//===- KernelCostTest.cpp - what kernels are predicted to take -------------===//
//
// By hand: how many blocks a launch has, how many multiprocessors they leave idle, and
// how many rows a sum over all reads.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/KernelCost.h"
#include "compiler/pipeline/StagePasses.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "tests/compiler/kernels/Compiled.h"

#include <gtest/gtest.h>

using namespace roux;

namespace {

const char *text = R"(
kernel.func @gradient(%x: memref<?x384xbf16>, %g: memref<?x384xbf16>, %y: memref<384x384xf32>) {
  kernel.contract tn left {
  ^bb0(%k: index):
    %v = kernel.load %x[%k] : memref<?x384xbf16> -> vector<384xbf16>
    kernel.yield %v : vector<384xbf16>
  } right {
  ^bb0(%k: index):
    %v = kernel.load %g[%k] : memref<?x384xbf16> -> vector<384xbf16>
    kernel.yield %v : vector<384xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<384xf32>):
    kernel.store %sum, %y[%i] : vector<384xf32>, memref<384x384xf32>
    kernel.yield
  }
  kernel.return
}
kernel.func @product(%x: memref<?x512xbf16>, %w: memref<256x512xbf16>, %y: memref<?x256xbf16>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %x[%i] : memref<?x512xbf16> -> vector<512xbf16>
    kernel.yield %v : vector<512xbf16>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %w[%n] : memref<256x512xbf16> -> vector<512xbf16>
    kernel.yield %v : vector<512xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<256xf32>):
    %v = arith.truncf %sum : vector<256xf32> to vector<256xbf16>
    kernel.store %v, %y[%i] : vector<256xbf16>, memref<?x256xbf16>
    kernel.yield
  }
  kernel.return
}
kernel.func @gain(%x: memref<?x{C}xbf16>, %rows: index, %y: memref<1x{C}xf32>) {
  %row = kernel.row
  %zero = arith.constant 0 : index
  %sum = kernel.fold %zero to %rows {
  ^bb0(%j: index):
    %v = kernel.load %x[%j] : memref<?x{C}xbf16> -> vector<{C}xbf16>
    %w = arith.extf %v : vector<{C}xbf16> to vector<{C}xf32>
    kernel.yield %w : vector<{C}xf32>
  } : vector<{C}xf32>
  kernel.store %sum, %y[%row] : vector<{C}xf32>, memref<1x{C}xf32>
  kernel.return
}
kernel.func @attention(%q: memref<?x{C}xbf16>, %l: memref<?x8xf32>, %work: memref<?x6xi32>) {
  kernel.attention %q, %q, %q into %q, %l over %work
    {heads = 8 : i64, kv_heads = 8 : i64, block = 256 : i64, scale = 0.1 : f64}
    : memref<?x{C}xbf16>, memref<?x{C}xbf16>, memref<?x{C}xbf16>, memref<?x{C}xbf16>,
      memref<?x8xf32>, memref<?x6xi32>
  kernel.return
})";

constexpr double rate = 1000, memory = 100, launchCost = 1e-9; // billions a second; seconds

/// Seconds of `launches` of a kernel over `rows` in all, on a GPU of so many multiprocessors.
double predicted(const std::string &kernel, int64_t launches, int64_t rows, int64_t processors,
                 const std::string &columns = "2048", int64_t tokens = 65536) {
  mlir::DialectRegistry registry;
  registerStages(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  std::string source = test::substitute(text, {{"C", columns}});
  auto module = mlir::parseSourceString<mlir::ModuleOp>(source, &context);
  MeasuredKernels measured;
  measured.kernels[kernel] = {0, launches, rows};
  measured.segments = {tokens};
  measured.expected = {rate, rate, rate, rate, memory, rate, 2 * rate, 2 * rate};
  measured.launchCost = launchCost;
  measured.isOfGPU = true;
  measured.architecture = "sm_90a";
  measured.multiprocessors = processors;
  return secondsOf(module->lookupSymbol<kernel::FuncOp>(kernel), measured) -
         launchCost * static_cast<double>(launches);
}

// Three by six tiles of 128 rows and 64 columns, so 114 of 132 multiprocessors are idle.
TEST(KernelCost, OfFewTilesKnowsIdleMultiprocessors) {
  double busy = predicted("gradient", 1, 65536, 0);
  EXPECT_NEAR(busy, 2.0 * 384 * 384 * 65536 / (rate * 1e9), busy * 1e-9);
  EXPECT_NEAR(predicted("gradient", 1, 65536, 132), busy * 132 / 18, busy * 1e-6);
  EXPECT_NEAR(predicted("gradient", 1, 65536, 18), busy, busy * 1e-6);
}

// A tile more than there are multiprocessors takes as long as twice as many.
TEST(KernelCost, CountsWholeWaves) {
  double one = predicted("product", 1, 132 * 128, 132);
  EXPECT_NEAR(one, predicted("product", 1, 132 * 128, 0), one * 1e-6);
  EXPECT_NEAR(predicted("product", 1, 132 * 128 + 1, 132), 2 * one, one * 2e-2);
  EXPECT_NEAR(predicted("product", 1, 264 * 128, 132), 2 * one, one * 1e-6);
  EXPECT_NEAR(predicted("product", 3, 3 * 132 * 128, 132), 3 * one, one * 1e-6);
}

// Heads of 64 columns are multiplied by warpgroups, those of 160 are not: scores and values of each
// pair of a token and one that it sees.
TEST(KernelCost, OfAttentionKnowsWhoMultiplies) {
  auto seconds = [](double columns) { return 2 * 2 * columns * 1024 * 1025 / 2 / (rate * 1e9); };
  double narrow = predicted("attention", 1, 64, 132, "512", 1024);
  EXPECT_NEAR(narrow, seconds(512) / 2, narrow * 1e-6);
  double wide = predicted("attention", 1, 64, 132, "1280", 1024);
  EXPECT_NEAR(wide, seconds(1280), wide * 1e-6);
}

// A gain of 2048 channels has 128 blocks, which draw all of memory's speed; one of 384 has 24 of
// the 66 that would.
TEST(KernelCost, OfSumsOverAllReadsEveryRow) {
  double bytes = 65536.0 * 2048 * 2;
  EXPECT_NEAR(predicted("gain", 1, 1, 132), bytes / (memory * 1e9), 1e-3 * bytes / (memory * 1e9));
  double fewer = bytes * 384 / 2048 / (memory * 1e9);
  EXPECT_NEAR(predicted("gain", 1, 1, 132, "384"), fewer * 66 / 24, 1e-3 * fewer);
  EXPECT_NEAR(predicted("gain", 4, 4, 0, "384"), 4 * fewer, 1e-3 * fewer);
}

} // namespace
