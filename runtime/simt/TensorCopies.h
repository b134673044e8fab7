//===- TensorCopies.h - copies of boxes by the copy engine -----------------===//
//
// A thread begins a copy and goes on; its bytes come to an mbarrier. Here they come
// when no thread could go on without, or at once.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/simt/SimtTensorMap.h"
#include "runtime/simt/Table.h"

#include <vector>

namespace roux::simt {

class TensorCopies {
public:
  struct Copy {
    char *to;
    const SimtTensorMap *map;
    int64_t column, row; ///< of the matrix, where the box begins
    uint32_t mbarrier, clock, epoch;
    const SimtSite *site;
    uint32_t bytes() const;
  };

  void clear() { underWay.clear(); }
  /// Begins one, for the current thread.
  void begin(const Copy &copy);
  /// One of those that are under way comes, `chosen` of them; false where there is none.
  bool landOne(uint64_t chosen);
  const Copy *any() const { return underWay.empty() ? nullptr : &underWay.front(); }

private:
  static void land(const Copy &copy);
  std::vector<Copy> underWay;
};

/// cp.async.bulk.tensor of two dimensions into the block's own shared memory.
std::span<const SimtInstruction> tensorCopyInstructions();

} // namespace roux::simt
