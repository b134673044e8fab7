//===- Tiles.h - ldmatrix and mma.sync -------------------------------------===//
//
// Matrices spread over the lanes of a warp, as PTX lays them out.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/simt/Table.h"

namespace roux::simt {

std::span<const SimtInstruction> tileInstructions();

} // namespace roux::simt
