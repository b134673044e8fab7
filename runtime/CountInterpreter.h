//===- CountInterpreter.h - the arithmetic of a program's instructions ----===//
//
// Counts decide both where buffers lie (before a run) and what is launched
// (during it), so both walk the same few instructions.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/MemoryPlan.h"

namespace roux {

/// Runs `instruction` if it is a count (Constant … Maximum, but not Scalar and Buffer, which are
/// left alone). Throws std::runtime_error for an extent that is not given or negative, or a
/// division by zero.
void count(const Entry &entry, const Instruction &instruction, const Extents &extents,
           std::vector<uint64_t> &registers);

} // namespace roux
