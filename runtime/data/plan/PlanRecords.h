//===- PlanRecords.h - the rows of a plan file ----------------------------===//
//
// Planner, file and loader speak of the same three things: a sequence laid down, a
// pack, a step. They are plain bytes, so that a mapped plan is used as it lies.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>

namespace roux::data {

/// A sequence laid down whole in a step: tokens [begin, end) of a sequence of the store without
/// [holeBegin, holeEnd), which only `cut(middle)` makes.
struct PlacedSequence {
  /// PlacedSequence::prefix of a sequence without gaps.
  static constexpr uint32_t noGaps = UINT32_MAX;

  uint32_t sequence; ///< in the token store
  uint32_t begin;
  uint32_t end;
  uint32_t holeBegin;
  uint32_t holeEnd;
  uint32_t positions; ///< of the stream that it takes
  uint32_t targets;
  uint32_t offset; ///< of its first position in its pack
  uint32_t prefix; ///< tokens before the first position that may jump, or noGaps

  uint32_t tokens() const { return end - begin - (holeEnd - holeBegin); }
};
static_assert(sizeof(PlacedSequence) == 36);

/// Under policies without packs every sequence is a pack of its own.
struct PlannedPack {
  uint64_t firstSequence; ///< in the plan's table of placed sequences
  uint64_t tokens;
  uint64_t targets;
  uint32_t count;     ///< sequences laid down
  uint32_t sequences; ///< of these with targets: `pack.sequences`
};
static_assert(sizeof(PlannedPack) == 32);

struct PlannedStep {
  uint64_t firstPack; ///< in the plan's table of packs
  uint64_t firstSequence;
  uint64_t tokens;
  uint64_t positions;
  uint64_t targets;
  uint32_t packCount;
  uint32_t count;     ///< sequences laid down
  uint32_t packs;     ///< with targets: `step.packs`
  uint32_t sequences; ///< with targets: `step.sequences`
  uint32_t epoch;
  uint32_t longest; ///< positions of the longest sequence
};
static_assert(sizeof(PlannedStep) == 64);

} // namespace roux::data
