//===- PartBarriers.cpp - barriers of some threads of a block --------------===//
//
// Whoever comes to such a barrier comes after all that the others did before it, and
// knows nothing of threads that have no part in it.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/PartBarriers.h"

#include "runtime/simt/Block.h"

#include <fmt/format.h>

namespace roux::simt {

void PartBarriers::clear() {
  for (Barrier &barrier : barriers) {
    barrier.there.clear();
    barrier.told.fill(0);
  }
}

void PartBarriers::meet(uint32_t number, uint32_t threads, const SimtSite *site) {
  Block &block = Block::running();
  if (number >= barriers.size() || threads == 0 || threads % lanesOfWarp != 0)
    block.fail(site, fmt::format("comes to bar.sync {} of {} threads; there are 16 of whole warps",
                                 number, threads));
  Barrier &barrier = barriers[number];
  if (!barrier.there.empty() && barrier.threads != threads)
    block.fail(site, fmt::format("comes to bar.sync {} of {} threads while others wait at it for "
                                 "{} threads",
                                 number, threads, barrier.threads));
  barrier.threads = threads;
  Thread &self = block.current();
  tell(self, barrier.told);
  barrier.there.push_back(&self);
  if (barrier.there.size() < threads)
    return block.wait("bar.sync of some threads", site);
  for (Thread *thread : barrier.there) {
    learn(*thread, barrier.told);
    if (thread != &self)
      block.wake(*thread);
  }
  barrier.there.clear();
  barrier.told.fill(0);
}

namespace {
struct BarrierOperands {
  uint32_t number, threads;
};
} // namespace

static void meetPart(const void *operands, void *, const SimtSite *site) {
  auto *given = static_cast<const BarrierOperands *>(operands);
  Block::running().parts().meet(given->number, given->threads, site);
}

static constexpr SimtInstruction instructions[] = {{"barrier.cta.sync.aligned.count", meetPart}};

std::span<const SimtInstruction> partBarrierInstructions() {
  return instructions;
}

} // namespace roux::simt
