//===- MemoryPlan.h - where an entry's activations lie --------------------===//
//
// Activations of one entry share an arena: two that do not matter at the same
// time may lie in the same place. Sizes follow from the extents, so the peak of
// a whole run is known from its largest micro-batch before the first step.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Program.h"
#include <map>

namespace roux {

/// The counts an entry is run with: tokens, segments, targets.
using Extents = std::map<std::string, int64_t>;

struct MemoryPlan {
  /// For each of Entry::buffers: its size, and for activations its place in the arena.
  std::vector<int64_t> bytes, offsets;
  int64_t arenaBytes = 0;
};

/// Throws std::runtime_error if an extent is not given, is negative, or a buffer would be larger
/// than an address can say.
MemoryPlan planMemory(const Entry &entry, const Extents &extents);

/// The plan as text: one line a buffer with its size, place and lifetime, largest first.
std::string describe(const Entry &entry, const MemoryPlan &plan);

} // namespace roux
