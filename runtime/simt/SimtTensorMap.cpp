//===- SimtTensorMap.cpp - a tensor map as the emulator reads it -----------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/SimtTensorMap.h"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

namespace roux {

SimtTensorMap simtTensorMap(const TensorMap &map, uint64_t argument, int64_t extent) {
  uint64_t begin = argument + static_cast<uint64_t>(map.from);
  if (begin % 16 != 0 || map.pitch % 16 != 0)
    throw std::runtime_error(fmt::format("a copy engine reads no matrix at {:#x} with rows of {} "
                                         "bytes: both must be multiples of 16",
                                         begin, map.pitch));
  SimtTensorMap made{.mark = SimtTensorMap::made};
  made.begin = reinterpret_cast<const char *>(begin);
  made.rows = map.rowsOf(extent);
  made.columns = map.columns, made.pitch = map.pitch, made.boxRows = map.boxRows;
  return made;
}

} // namespace roux
