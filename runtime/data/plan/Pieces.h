//===- Pieces.h - what sequences have become while they are put in order --===//
//
// Most sequences stay whole, and a whole one is a number: the rest is in the store's
// table, which is mapped. So ten million sequences are ordered in the memory that a
// hundred thousand would take written out.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/plan/PlanInput.h"
#include "runtime/data/plan/PlanRecords.h"
#include "runtime/data/plan/Spec.h"

#include <vector>

namespace roux::data {

class Pieces {
public:
  /// `input` must outlive this. Throws PlanError where it has more sequences than can be counted.
  Pieces(const PlanInput &input, Reach labels);

  size_t size() const { return places.size(); }
  PlacedSequence operator[](size_t piece) const {
    uint32_t place = places[piece];
    return place & partBit ? placed(parts[place ^ partBit]) : whole(place);
  }
  /// The table's row of the sequence that `piece` is of.
  const SequenceEntry &entry(size_t piece) const {
    uint32_t place = places[piece];
    return input->sequences[place & partBit ? parts[place ^ partBit].sequence : place];
  }
  void reserve(size_t count) { places.reserve(count); }
  void add(const PlacedSequence &piece) { places.push_back(keep(piece)); }
  void replace(size_t piece, const PlacedSequence &by) { places[piece] = keep(by); }

  PlacedSequence whole(uint32_t sequence) const;
  /// Tokens [begin, end) without [holeBegin, holeEnd) as a sequence of their own: its first token
  /// and the first behind the hole are no longer labels, as what preceded them is gone.
  PlacedSequence part(uint32_t sequence, TokenRange tokens, TokenRange hole = {}) const;
  /// Tokens of `sequence` beyond its positions: 1 where the last token is only a label.
  uint32_t labelOnly(uint32_t sequence) const {
    return labels == Reach::Sequence && !input->sequences[sequence].lastIsInput;
  }

private:
  static constexpr uint32_t partBit = uint32_t(1) << 31;
  struct Part {
    uint32_t sequence;
    TokenRange tokens, hole;
    uint32_t targets;
  };
  PlacedSequence placed(const Part &part) const;
  uint32_t keep(const PlacedSequence &piece);

  const PlanInput *input;
  Reach labels;
  std::vector<uint32_t> places; ///< a sequence, or with partBit one of `parts`
  std::vector<Part> parts;
};

} // namespace roux::data
