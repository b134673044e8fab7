//===- Collectives.h - what lanes of a warp do together --------------------===//
//
// An instruction of a warp is met by each of its lanes when that comes to it; the
// last one does it for all. Lanes that do not come, or come to another one, are what
// hangs a GPU or gives it wrong numbers.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/simt/Table.h"

#include <vector>

namespace roux::simt {

/// The lanes that have come to one instruction so far.
struct Meeting {
  Meeting(const char *instruction, void (*together)(Meeting &), uint32_t mask)
      : instruction(instruction), together(together), mask(mask) {}

  const char *instruction;
  void (*together)(Meeting &); ///< also tells what kind it is
  uint32_t mask, arrived = 0;
  const void *operands[32];
  void *results[32];
  const SimtSite *sites[32];

  bool has(unsigned lane) const { return arrived >> lane & 1; }
};

/// The meetings of a warp whose lanes are not all there.
struct Warp {
  std::vector<Meeting> meetings;
  uint64_t stamp = 0;        ///< other than before when its lanes were ordered
  uint32_t productsDone = 0; ///< groups of wgmma that it has waited for
};

/// The current thread waits until all lanes of `mask` have come, the last of which runs `together`.
void meet(const char *instruction, uint32_t mask, const void *operands, void *result,
          const SimtSite *site, void (*together)(Meeting &));

/// Of instructions that are for all lanes of a warp.
inline constexpr uint32_t wholeWarp = ~0u;

/// shfl.sync and bar.warp.sync.
std::span<const SimtInstruction> warpInstructions();

} // namespace roux::simt
