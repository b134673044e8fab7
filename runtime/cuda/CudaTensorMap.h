//===- CudaTensorMap.h - a tensor map as an NVIDIA GPU reads it -----------===//
#pragma once

#include "runtime/TensorMap.h"
#include "runtime/cuda/CudaDriver.h"

namespace roux::cuda {

/// What a kernel gets by value.
struct alignas(64) CudaTensorMap {
  uint64_t words[16] = {};

  bool operator==(const CudaTensorMap &) const = default;
};

/// `map` for a launch whose phase has that extent. Throws CudaError, naming `kernel`, where the
/// driver does not make it.
CudaTensorMap cudaTensorMap(const CudaDriver &driver, const TensorMap &map, Address argument,
                            int64_t extent, const std::string &kernel);

} // namespace roux::cuda
