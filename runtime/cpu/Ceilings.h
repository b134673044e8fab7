//===- Ceilings.h - what this machine can do at best ----------------------===//
//
// Machines of one project differ, and one machine differs from day to day: a
// share of a peak means something only beside the peak measured in the same run.
//
//===----------------------------------------------------------------------===//
#pragma once

namespace roux {

/// Of one core, by its own processor time, so that neighbours count as little as they can. 0 where
/// the processor lacks the instruction.
struct Ceilings {
  double f32 = 0;    ///< fused multiply-adds on the widest registers, GFLOP/s
  double pairs = 0;  ///< pairs of bf16 (vdpbf16ps), GFLOP/s
  double blocks = 0; ///< blocks of bf16 (AMX), GFLOP/s
  double read = 0;   ///< from memory, GB/s
  double copy = 0;   ///< reading and writing past the caches, GB/s of both
};

Ceilings measureCeilings();

} // namespace roux
