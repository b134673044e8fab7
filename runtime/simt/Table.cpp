//===- Table.cpp - what retargeted GPU code calls of the emulator ----------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/simt/Table.h"

#include "runtime/simt/AsyncCopies.h"
#include "runtime/simt/Block.h"
#include "runtime/simt/Collectives.h"
#include "runtime/simt/Tiles.h"
#include "runtime/simt/Warpgroups.h"

#include <string>
#include <vector>
#include <xxhash.h>

namespace roux {

using namespace simt;

static uint32_t special(uint32_t which) {
  return Block::running().special(static_cast<SimtRegister>(which));
}

static char *shared() {
  return Block::running().shared();
}

static void access(const void *address, int64_t bytes, uint32_t kind, const SimtSite *site) {
  Block::running().access(address, bytes, static_cast<SimtAccess>(kind), site);
}

static void blockBarrier(const void *operands, void *, const SimtSite *site) {
  if (uint32_t barrier = *static_cast<const uint32_t *>(operands))
    Block::running().fail(site, "comes to bar.sync " + std::to_string(barrier) +
                                    ", of which only 0 is emulated");
  Block::running().barrier(site);
}

static std::vector<SimtInstruction> allInstructions() {
  std::vector<SimtInstruction> all = {{"barrier.cta.sync.aligned.all", blockBarrier}};
  for (auto part :
       {warpInstructions(), tileInstructions(), copyInstructions(), warpgroupInstructions(),
        partBarrierInstructions(), mbarrierInstructions(), tensorCopyInstructions()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::span<const SimtInstruction> simtInstructions() {
  static const std::vector<SimtInstruction> all = allInstructions();
  return all;
}

uint64_t simtTableVersion() {
  std::string names = "special shared access";
  for (const SimtInstruction &instruction : simtInstructions())
    names.append(" ").append(instruction.name);
  return XXH3_64bits(names.data(), names.size());
}

const void *const *simtTable() {
  static const std::vector<const void *> table = [] {
    std::vector<const void *> all = {reinterpret_cast<const void *>(special),
                                     reinterpret_cast<const void *>(shared),
                                     reinterpret_cast<const void *>(access)};
    for (const SimtInstruction &instruction : simtInstructions())
      all.push_back(reinterpret_cast<const void *>(instruction.run));
    return all;
  }();
  return table.data();
}

} // namespace roux
