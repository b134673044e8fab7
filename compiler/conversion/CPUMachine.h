//===- CPUMachine.h - what the CPU lowering must know about a processor ---===//
//
// Widths and tile sizes of the kinds of processor there is code for, best first.
// Everything else about a machine is LLVM's business.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/StringRef.h"

namespace roux {

struct CPUMachine {
  llvm::StringLiteral name; ///< as printed and as part of the cache's key
  unsigned vectorBits;
  int64_t tileRows;    ///< rows of a register tile
  int64_t tileVectors; ///< vectors in a row of that tile
  int64_t wideVectors; ///< the same where columns are many: a matmul's
  bool dots = false;   ///< multiplies bf16 pairs and adds them to f32 (vdpbf16ps)
  bool blocks = false; ///< the same for blocks of 16 by 16 words (AMX)

  int64_t lanes(unsigned elementBits) const { return vectorBits / elementBits; }
};

/// Accumulators, one broadcast and the vectors of a row fill the registers: 32 of AVX-512, 16 of
/// the others.
inline constexpr CPUMachine cpuMachines[] = {
    {"avx512_amx", 512, 8, 2, 3, true, true},
    {"avx512_bf16", 512, 8, 2, 3, true},
    {"avx512", 512, 8, 2, 3},
    {"avx2", 256, 6, 2, 2},
    {"portable", 128, 6, 2, 2},
};

} // namespace roux
