//===- CudaTensorMap.cpp - a tensor map as an NVIDIA GPU reads it ---------===//
//
// See the header. The matrix's columns are its first dimension.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaTensorMap.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::cuda {

CudaTensorMap cudaTensorMap(const CudaDriver &driver, const TensorMap &map, Address argument,
                            int64_t extent, const std::string &kernel) {
  CudaTensorMap made;
  Address begin = argument + static_cast<Address>(map.from);
  // Of no rows none is read, but there is no map of none, nor of a place that is none.
  auto rows = static_cast<uint64_t>(std::max<int64_t>(map.rowsOf(extent), 1));
  if (map.rowsOf(extent) == 0)
    begin = 16;
  const uint64_t sizes[] = {static_cast<uint64_t>(map.columns), rows};
  const uint64_t pitches[] = {static_cast<uint64_t>(map.pitch)};
  const uint32_t box[] = {TensorMap::boxColumns, static_cast<uint32_t>(map.boxRows)};
  const uint32_t steps[] = {1, 1};
  Result result = driver.encodeTensorMap(
      &made, tensorOfBF16, 2, reinterpret_cast<void *>(begin), sizes, pitches, box, steps,
      /*interleave=*/0, tensorSwizzled128, tensorPromoted128, /*fill=*/0);
  driver.check(result,
               fmt::format("kernel '{}': {} x {} numbers at {:#x}, rows of {} bytes, are no "
                           "matrix that the GPU copies",
                           kernel, rows, map.columns, begin, map.pitch));
  return made;
}

} // namespace roux::cuda
