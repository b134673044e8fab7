//===- OnCPUTest.cpp - what a processor's kernel may not touch ------------===//
#include "tests/compiler/kernels/Compiled.h"

#include <gtest/gtest.h>

using namespace roux::test;

static const char *copy = R"(
kernel.func @copy(%x: memref<?x5xf32>, %y: memref<?x5xf32>) {
  %row = kernel.row
  %v = kernel.load %x[%row] : memref<?x5xf32> -> vector<5xf32>
  kernel.store %v, %y[%row] : vector<5xf32>, memref<?x5xf32>
  kernel.return
})";

/// Copies `rows` rows from a buffer of `from` to one of `to`.
static std::vector<double> copied(int64_t rows, size_t from, size_t to) {
  Buffer x(Element::F32, randomNumbers(5 * from, 1)), y(Element::F32, std::vector<double>(5 * to));
  Compiled(copy).run("copy", rows, {x, y});
  return y.values();
}

TEST(OnCPU, EndsAtTheLastNumberOfABuffer) {
  EXPECT_EQ(copied(3, 3, 3), randomNumbers(15, 1, Element::F32));
  EXPECT_DEATH(copied(3, 2, 3), "");
  EXPECT_DEATH(copied(3, 3, 2), "");
}
