//===- WarpgroupTest.cpp - products by wgmma, and what they must wait for -===//
//
// The kernel as it is lowered for an H100 is right in several orders of its threads;
// then what orders its accesses is taken out of the text, and the emulator has to
// tell.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/kernels/Emulated.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace roux;
using namespace roux::test;

namespace {

constexpr int rows = 130, columns = 72, terms = 200;

// The left operand is made by a body and stored by its threads; the right one is copied.
const char *kernel = R"(
kernel.func @product(%a: memref<?x200xf32>, %b: memref<?x200xbf16>, %y: memref<?x72xf32>) {
  kernel.contract nt left {
  ^bb0(%i: index):
    %v = kernel.load %a[%i] : memref<?x200xf32> -> vector<200xf32>
    %d = arith.addf %v, %v : vector<200xf32>
    %w = arith.truncf %d : vector<200xf32> to vector<200xbf16>
    kernel.yield %w : vector<200xbf16>
  } right {
  ^bb0(%n: index):
    %v = kernel.load %b[%n] : memref<?x200xbf16> -> vector<200xbf16>
    kernel.yield %v : vector<200xbf16>
  } result {
  ^bb0(%i: index, %sum: vector<72xf32>):
    kernel.store %sum, %y[%i] : vector<72xf32>, memref<?x72xf32>
    kernel.yield
  }
  kernel.return
})";

struct Operands {
  Buffer a{Element::F32, randomNumbers(rows * terms, 1, Element::BF16)};
  Buffer b{Element::BF16, randomNumbers(columns * terms, 2, Element::BF16)};
  Buffer y{Element::F32, std::vector<double>(rows * columns)};

  void run(Emulated &code, const EmulatorOptions &options) {
    code.run("product", rows, {a, b, y}, options);
  }
};

std::string lowered() {
  return lowerForGPU(kernel, "sm_90a");
}

/// What the emulator says of the kernel where `what` has become `instead`, each time; nothing where
/// it says nothing.
std::string reportOf(const std::string &what, const std::string &instead) {
  std::string text = lowered();
  EXPECT_NE(text.find(what), text.npos) << what;
  for (size_t at = 0; (at = text.find(what, at)) != text.npos; at += instead.size())
    text.replace(at, what.size(), instead);
  Emulated code(compileForEmulator(text, "gpu", "product", "sm_90a"));
  for (uint64_t seed : {0, 1, 2, 3})
    try {
      Operands().run(code, {.seed = seed, .earlyCopies = seed % 2 == 1});
    } catch (const SimtError &error) {
      return error.what();
    }
  return "";
}

TEST(Warpgroup, MultipliesInAnyOrder) {
  Emulated code(compileForEmulator(lowered(), "gpu", "product", "sm_90a"));
  for (uint64_t seed : {0, 1, 2, 3}) {
    Operands given;
    given.run(code, {.seed = seed, .earlyCopies = seed % 2 == 1});
    std::vector<double> expected;
    for (int i = 0; i < rows; ++i)
      for (int n = 0; n < columns; ++n) {
        double sum = 0;
        for (int k = 0; k < terms; ++k)
          sum += 2 * given.a[i * terms + k] * given.b[n * terms + k];
        expected.push_back(sum);
      }
    EXPECT_LT(normalizedError(given.y.values(), expected), 2e-6) << "seed " << seed;
  }
}

TEST(Warpgroup, IsToldOfTilesThatAreNotFenced) {
  std::string report = reportOf("fence.proxy.async.shared::cta;", "wgmma.fence.sync.aligned;");
  EXPECT_NE(report.find("nobody has fenced for wgmma (fence.proxy.async)"), report.npos) << report;
}

TEST(Warpgroup, IsToldOfTilesThatAreFilledTooEarly) {
  std::string report = reportOf("wgmma.wait_group.sync.aligned 0;", "wgmma.fence.sync.aligned;");
  EXPECT_NE(report.find("product"), report.npos) << report;
}

TEST(Warpgroup, IsToldOfRegistersThatAreNotFenced) {
  std::string report = reportOf("wgmma.fence.sync.aligned;", "wgmma.wait_group.sync.aligned 0;");
  EXPECT_NE(report.find("has not fenced since the group before (wgmma.fence)"), report.npos)
      << report;
}

TEST(Warpgroup, HasNoSumsBeforeTheyAreWaitedFor) {
  std::string text = lowered();
  const std::string wait = "wgmma.wait_group.sync.aligned 0;";
  for (size_t at = 0; (at = text.find(wait, at)) != text.npos; ++at)
    text[at + wait.size() - 2] = '1'; // one group may be under way, and the last one is
  Emulated code(compileForEmulator(text, "gpu", "product", "sm_90a"));
  Operands given;
  try {
    given.run(code, {});
  } catch (const SimtError &) {
    return; // of a tile that is filled too early
  }
  EXPECT_TRUE(std::isnan(given.y[0]));
}

TEST(Warpgroup, IsToldOfTilesWithoutABarrier) {
  std::string report = reportOf("gpu.barrier", "");
  EXPECT_NE(report.find("with no barrier between"), report.npos) << report;
}

TEST(Warpgroup, IsToldOfCopiesThatNobodyWaitedFor) {
  std::string report = reportOf("nvvm.cp.async.wait.group", "nvvm.cp.async.commit.group //");
  EXPECT_NE(report.find("nobody has waited for it"), report.npos) << report;
}

} // namespace
