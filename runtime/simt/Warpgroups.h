//===- Warpgroups.h - wgmma: products that are read from shared memory ----===//
#pragma once

#include "runtime/simt/Table.h"

#include <deque>

namespace roux::simt {

/// What the products that a thread has begun for its warp still read.
class ProductsUnderWay {
public:
  struct Range {
    const char *begin;
    uint32_t bytes, group;
    const SimtSite *site;
    uint32_t epoch; ///< in which it was last said to read
  };
  void clear() { ranges.clear(), group = 0; }
  void reads(const char *begin, uint32_t bytes, const SimtSite *site);
  void commit() { ++group; }
  /// Behind a barrier: those that nobody has waited for go on reading.
  void readOn();
  /// All are done but those of the last `pending` groups: until now they have read.
  void waitFor(uint32_t pending);

private:
  std::deque<Range> ranges;
  uint32_t group = 0;
};

/// wgmma.mma_async, its fence and its groups, and fence.proxy.async.
std::span<const SimtInstruction> warpgroupInstructions();

} // namespace roux::simt
