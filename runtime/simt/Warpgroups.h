//===- Warpgroups.h - wgmma: products that are read from shared memory ----===//
#pragma once

#include "runtime/simt/Table.h"

#include <vector>

namespace roux::simt {

/// A thread's sums that products are still added to: its registers do not have them.
class SumsInFlight {
public:
  /// What a register holds when `product` of a group is on its way to `sum`, in flight itself or
  /// not.
  float add(float sum, float product, uint32_t group);
  /// The sum itself if it is of the first `done` groups.
  float landed(float sum, uint32_t done);
  void clear();

private:
  struct Sum {
    float value;
    uint32_t group; ///< of the last product added
  };
  std::vector<Sum> sums;
  std::vector<uint32_t> unused;
};

/// wgmma.mma_async, its fence and its groups, fence.proxy.async and setmaxnreg.
std::span<const SimtInstruction> warpgroupInstructions();

} // namespace roux::simt
