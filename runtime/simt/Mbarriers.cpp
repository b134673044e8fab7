//===- Mbarriers.cpp - barriers in shared memory, which copies come to too -===//
//
// See the header. What lies in their eight bytes is nobody's business, so it stays here.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/Mbarriers.h"

#include "runtime/simt/Block.h"

#include <fmt/format.h>

namespace roux::simt {

static constexpr uint32_t bytesOfMbarrier = 8;

void Mbarriers::initialise(const char *place, uint32_t arrivals, const SimtSite *site) {
  Block &block = Block::running();
  if (!block.isShared(place) || reinterpret_cast<uintptr_t>(place) % bytesOfMbarrier != 0)
    block.fail(site, "initialises an mbarrier that is not at a multiple of 8 in shared memory");
  if (arrivals == 0 || arrivals >= 1 << 20)
    block.fail(site, fmt::format("initialises an mbarrier for {} arrivals", arrivals));
  block.access(place, bytesOfMbarrier, SimtAccess::Write, site);
  for (const Mbarrier &barrier : barriers)
    if (barrier.place == place)
      block.fail(site, "initialises an mbarrier again");
  if (barriers.size() == mostMbarriers)
    block.fail(site, fmt::format("initialises more mbarriers than the {} that are told apart",
                                 mostMbarriers));
  barriers.push_back({place, arrivals, arrivals, block.current().number});
}

Mbarriers::Mbarrier &Mbarriers::at(const char *place, const SimtSite *site) {
  Block &block = Block::running();
  for (Mbarrier &barrier : barriers)
    if (barrier.place == place) {
      block.access(place, bytesOfMbarrier, SimtAccess::Read, site); // was it initialised before?
      return barrier;
    }
  block.fail(site, fmt::format("comes to an mbarrier at byte {} of shared memory, where nobody has "
                               "initialised one",
                               place - block.shared()));
}

void Mbarriers::endPhase(Mbarrier &barrier) {
  if (barrier.pending > 0 || barrier.bytes != 0)
    return;
  barrier.done = barrier.told;
  barrier.told.fill(0);
  uint32_t number = static_cast<uint32_t>(&barrier - barriers.data());
  barrier.done[firstCopies + number] = static_cast<uint16_t>(clockOf(number));
  ++barrier.phase;
  barrier.pending = barrier.arrivals;
  for (Thread *thread : barrier.waiting) {
    learn(*thread, barrier.done);
    Block::running().wake(*thread);
  }
  barrier.waiting.clear();
}

void Mbarriers::arrive(const char *place, uint32_t bytes, const SimtSite *site) {
  Block &block = Block::running();
  Mbarrier &barrier = at(place, site);
  if (barrier.pending == 0)
    block.fail(site, fmt::format("arrives at an mbarrier where all {} arrivals of its phase have "
                                 "come",
                                 barrier.arrivals));
  tell(block.current(), barrier.told);
  barrier.bytes += bytes;
  --barrier.pending;
  endPhase(barrier);
}

void Mbarriers::waitFor(const char *place, uint32_t parity, const SimtSite *site) {
  Block &block = Block::running();
  Mbarrier &barrier = at(place, site);
  if (barrier.phase % 2 != parity)
    return learn(block.current(), barrier.done);
  barrier.waiting.push_back(&block.current());
  block.wait("mbarrier.try_wait", site);
}

void Mbarriers::fence() {
  for (Mbarrier &barrier : barriers)
    if (barrier.by == Block::running().current().number)
      barrier.isFenced = true;
}

uint32_t Mbarriers::ofCopy(const char *place, const SimtSite *site) {
  Mbarrier &barrier = at(place, site);
  if (!barrier.isFenced)
    Block::running().fail(site, "has a copy come to an mbarrier that nobody has fenced for the "
                                "copy engine (fence.mbarrier_init)");
  return static_cast<uint32_t>(&barrier - barriers.data());
}

uint32_t Mbarriers::clockOf(uint32_t number) const {
  return std::min(barriers[number].phase + 1, Access::mostClock);
}

void Mbarriers::landed(uint32_t number, uint32_t bytes) {
  barriers[number].bytes -= bytes;
  endPhase(barriers[number]);
}

namespace {
struct MbarrierOperands {
  const char *place;
  uint32_t number; ///< of arrivals, bytes, or the parity
};
} // namespace

static void initialise(const void *operands, void *, const SimtSite *site) {
  auto *given = static_cast<const MbarrierOperands *>(operands);
  Block::running().mbarriers().initialise(given->place, given->number, site);
}

static void arrive(const void *operands, void *, const SimtSite *site) {
  const char *place = *static_cast<const char *const *>(operands);
  Block::running().mbarriers().arrive(place, 0, site);
}

static void arriveExpecting(const void *operands, void *, const SimtSite *site) {
  auto *given = static_cast<const MbarrierOperands *>(operands);
  Block::running().mbarriers().arrive(given->place, given->number, site);
}

static void waitFor(const void *operands, void *, const SimtSite *site) {
  auto *given = static_cast<const MbarrierOperands *>(operands);
  Block::running().mbarriers().waitFor(given->place, given->number, site);
}

static void fence(const void *, void *, const SimtSite *) {
  Block::running().mbarriers().fence();
}

static constexpr SimtInstruction instructions[] = {
    {"mbarrier.init.shared", initialise},
    {"mbarrier.arrive.shared", arrive},
    {"mbarrier.arrive.expect.tx.scope.cta.space.cta", arriveExpecting},
    {"mbarrier.try_wait.parity", waitFor},
    {"fence.mbarrier_init.release.cluster", fence},
};

std::span<const SimtInstruction> mbarrierInstructions() {
  return instructions;
}

} // namespace roux::simt
