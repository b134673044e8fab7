//===- MeasuredKernels.h - kernels as they ran here -----------------------===//
//
// What the kernel table is held against: the time of each kernel in a step, and what
// this machine can do at best, measured in the same run.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cpu/Ceilings.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace roux {

struct MeasuredKernels {
  /// In all launches together.
  struct Kernel {
    double seconds = 0;   ///< of processor time, over all threads
    int64_t launches = 0; ///< none: the kernel is of another entry
    int64_t rows = 0;     ///< the extents
  };
  std::map<std::string, Kernel, std::less<>> kernels; ///< by name
  std::vector<int64_t> segments;                      ///< tokens of each, of one launch
  Ceilings ceilings;
  double products = 0; ///< GFLOP/s a core of what GEMMs and attention multiply with, at best

  /// Processor seconds of a kernel; 0 where it did not run.
  double seconds(std::string_view kernel) const {
    auto known = kernels.find(kernel);
    return known == kernels.end() ? 0 : known->second.seconds;
  }
};

} // namespace roux
