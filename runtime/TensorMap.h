//===- TensorMap.h - matrices that a GPU's copy engine reads by boxes ------===//
//
// What a kernel's code says of such a matrix; where it lies, and often how many rows it
// has, is known when the kernel is launched. Each device makes of both what its engine
// understands.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>

namespace roux {

/// A matrix of bf16 in memory, and the boxes of it that go to shared memory, their rows of 128
/// bytes swizzled. What a box has beside the matrix is 0.
struct TensorMap {
  int64_t argument = 0; ///< of the kernel, which points to it
  int64_t from = 0;     ///< bytes from there to the first number, a multiple of 16
  int64_t rows = -1;    ///< -1: the extent of the phase
  int64_t columns = 0;
  int64_t pitch = 0;   ///< bytes from a row to the next, a multiple of 16
  int64_t boxRows = 0; ///< 1 to 256
  static constexpr int64_t boxColumns = 64, elementBytes = 2;

  int64_t rowsOf(int64_t extent) const { return rows < 0 ? extent : rows; }
  bool operator==(const TensorMap &) const = default;
};

} // namespace roux
