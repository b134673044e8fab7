//===- Packing.h - which lengths share a pack -----------------------------===//
//
// The fits of `pack(…)` that lay sequences down whole. They see lengths only, so
// they can be measured and compared with other packers by themselves.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/plan/Spec.h"

#include <cstdint>
#include <span>
#include <vector>

namespace roux::data {

/// Packs numbered from 0 in the order in which they were opened.
struct Packing {
  std::vector<uint32_t> packOf; ///< for each length
  uint32_t packs = 0;
};

/// Packs `lengths`, each between 1 and `capacity`, by a fit other than fill; a length that fits
/// exactly is taken. Next: into the pack opened last, or a new one. First: into the earliest with
/// room. Best: into the fullest with room. Decreasing: best, longest lengths first.
Packing packLengths(Fit fit, std::span<const uint32_t> lengths, uint32_t capacity);

} // namespace roux::data
