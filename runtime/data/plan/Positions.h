//===- Positions.h - positions that jump ----------------------------------===//
//
// `position: gaps(…)` of LongRecipe, PoSE and SkipAlign: one law with other sites.
// The budget of skipped positions is spread over the sites as a uniform composition,
// and the plan stores only where jumps may begin; the rest follows from the seed.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/SeedTree.h"
#include "runtime/data/TokenStore.h"
#include "runtime/data/plan/PlanRecords.h"
#include "runtime/data/plan/Spec.h"

#include <cstdint>
#include <vector>

namespace roux::data {

/// Where the draws of `position:` for one placed sequence come from.
SeedTree positionDraws(uint64_t seed, std::string_view construct, uint32_t epoch,
                       std::string_view source, const SequenceEntry &entry,
                       const PlacedSequence &placed);

/// True if chance has it that this sequence gets gaps.
bool drawsGaps(const PositionRule &rule, const PlacedSequence &placed, SeedTree draws);

/// Whether `placed` has an input in front of which positions may jump.
bool hasSites(const PositionRule &rule, const SequenceView &view, const PlacedSequence &placed);

/// The position of each of `placed.positions` inputs: 0, 1, … unless it has gaps; then position t
/// is t plus the gaps at sites up to t, and below `placed.prefix` just t. Strictly ascending and
/// below `rule.span`.
std::vector<uint32_t> makePositions(const PositionRule &rule, const SequenceView &view,
                                    const PlacedSequence &placed, SeedTree draws);

} // namespace roux::data
