//===- Mbarriers.h - barriers in shared memory, which copies come to too --===//
//
// A phase of an mbarrier ends when so many arrivals have come as it was initialised
// for, and all bytes that were expected. Who waits for the phase comes after all that
// those did who arrived, and after its copies.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/simt/Order.h"

#include <vector>

namespace roux::simt {

class Mbarriers {
public:
  void clear() { barriers.clear(); }

  // Of the current thread; `place` is where the barrier lies.
  void initialise(const char *place, uint32_t arrivals, const SimtSite *site);
  void arrive(const char *place, uint32_t bytes, const SimtSite *site);
  /// Until the phase of that parity, even or odd, has ended.
  void waitFor(const char *place, uint32_t parity, const SimtSite *site);
  /// What the current thread has initialised is seen by the copy engine.
  void fence();

  /// The number of a barrier that a copy is to come to.
  uint32_t ofCopy(const char *place, const SimtSite *site);
  /// The clock of copies of the phase that is under way.
  uint32_t clockOf(uint32_t number) const;
  /// So many bytes of a copy have come.
  void landed(uint32_t number, uint32_t bytes);

private:
  struct Mbarrier {
    const char *place;
    uint32_t arrivals, pending, by; ///< by whom it was initialised
    bool isFenced = false;
    int64_t bytes = 0; ///< that are expected; below 0: came without being expected
    uint32_t phase = 0;
    Clocks told{}, done{}; ///< by who arrived in this phase; by those of the last one
    std::vector<Thread *> waiting = {};
  };
  Mbarrier &at(const char *place, const SimtSite *site);
  void endPhase(Mbarrier &barrier);

  std::vector<Mbarrier> barriers;
};

/// mbarrier.init, arrive, arrive.expect_tx, try_wait in a loop, and fence.mbarrier_init.
std::span<const SimtInstruction> mbarrierInstructions();

} // namespace roux::simt
