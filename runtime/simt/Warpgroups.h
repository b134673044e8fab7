//===- Warpgroups.h - wgmma: products that are read from shared memory ----===//
#pragma once

#include "runtime/simt/Table.h"

namespace roux::simt {

/// wgmma.mma_async, its fence and its groups, fence.proxy.async and setmaxnreg.
std::span<const SimtInstruction> warpgroupInstructions();

} // namespace roux::simt
