//===- SimtTensorMap.h - a tensor map as the emulator reads it -------------===//
#pragma once

#include "runtime/TensorMap.h"

namespace roux {

/// What stands for the 128 bytes that NVIDIA's driver makes.
struct alignas(64) SimtTensorMap {
  uint64_t mark = 0; ///< of one that was made here
  const char *begin = nullptr;
  int64_t rows = 0, columns = 0, pitch = 0, boxRows = 0;
  int64_t unused[10] = {};

  static constexpr uint64_t made = 0x70616d726f736e74;
};
static_assert(sizeof(SimtTensorMap) == 128);

/// `map` for a launch whose phase has that extent. Throws std::runtime_error, as the driver would
/// refuse it, where the matrix does not lie as an engine reads it.
SimtTensorMap simtTensorMap(const TensorMap &map, uint64_t argument, int64_t extent);

} // namespace roux
