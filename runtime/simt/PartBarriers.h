//===- PartBarriers.h - barriers of some threads of a block ----------------===//
#pragma once

#include "runtime/simt/Order.h"

#include <vector>

namespace roux::simt {

/// bar.sync ID, THREADS: the sixteen that a block has, but for the one of all its threads.
class PartBarriers {
public:
  void clear();
  /// The current thread waits until so many have come to barrier `number`.
  void meet(uint32_t number, uint32_t threads, const SimtSite *site);

private:
  struct Barrier {
    uint32_t threads = 0; ///< that are waited for
    std::vector<Thread *> there;
    Clocks told{};
  };
  std::array<Barrier, 16> barriers;
};

/// barrier.cta.sync of so many threads.
std::span<const SimtInstruction> partBarrierInstructions();

} // namespace roux::simt
