//===- DataPass.h - one pass over the data, being put in order ------------===//
//
// What the rules of a batch policy share while they work on an epoch: the pieces
// that sequences have become, and where losses are counted. Rules run in the order
// of their files here: Overflow, then one of Packing, Fill, Buckets or a plain
// grouping in Epoch, then `last`.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/plan/Pieces.h"

#include <string_view>
#include <vector>

namespace roux::data {

/// Pieces put together: packs, groups or whole steps. Unit u is members[begins[u], begins[u + 1]).
struct Units {
  std::vector<uint32_t> members; ///< indexes of DataPass::pieces
  std::vector<uint64_t> begins = {0};

  size_t size() const { return begins.size() - 1; }
  std::span<const uint32_t> operator[](size_t unit) const {
    return std::span(members).subspan(begins[unit], begins[unit + 1] - begins[unit]);
  }
  /// Ends the unit that was being filled; true if it had members.
  bool close() {
    if (members.size() == begins.back())
      return false;
    begins.push_back(members.size());
    return true;
  }
};

struct DataPass {
  const PlanInput &input;
  const PlanSpec &spec;
  SeedTree draws; ///< of this construct and pass
  Ledger losses{};
  std::vector<uint64_t> cycleEnds{}; ///< of `bucket`: steps up to the end of each cycle
  Pieces pieces{input, spec.batch.labels};

  /// Counts `tokens` and `targets` of `piece` as lost to `rule`.
  void lose(Fate fate, std::string_view rule, uint32_t sequence, uint64_t tokens, uint64_t targets);
  void drop(std::string_view rule, const PlacedSequence &piece) {
    lose(Fate::Dropped, rule, piece.sequence, piece.tokens(), piece.targets);
  }
};

/// Fills `pass.pieces` with the sequences of `order`, those over the capacity treated as `overflow`
/// says. Throws PlanError for `overflow: error`.
void applyOverflow(DataPass &pass, std::span<const uint32_t> order);

/// `fit: fill(…)`: packs of exactly the capacity, cut at their ends; the rest of a cut piece starts
/// the next pack or is left out. The last pack is closed as it is.
void fillPacks(DataPass &pass, std::span<const uint32_t> stream, Units &packs);

/// `bucket(…)`: steps of one length each, drawn by odds without replacement.
Units drawBuckets(DataPass &pass);

} // namespace roux::data
