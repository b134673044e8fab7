//===- PlacedTokens.h - the tokens of a sequence as laid down -------------===//
//
// A placed sequence may be a part of a stored one, with a hole in it, and its first
// token is a label only where the recipe lets labels cross into it. Everyone who
// reads tokens through a plan reads them here, so there is one answer.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/TokenStore.h"
#include "runtime/data/plan/PlanRecords.h"
#include "runtime/data/plan/Spec.h"

namespace roux::data {

class PlacedTokens {
public:
  PlacedTokens(const SequenceView &view, const PlacedSequence &placed, Reach labels)
      : view(view), placed(placed), firstIsLabel(labels == Reach::Pack && placed.offset > 0) {}

  uint32_t size() const { return placed.tokens(); }
  /// Token t of the stored sequence, for token t of this one.
  uint32_t stored(uint32_t t) const {
    uint32_t at = placed.begin + t;
    return at >= placed.holeBegin && placed.holeBegin < placed.holeEnd
               ? at + placed.holeEnd - placed.holeBegin
               : at;
  }
  int32_t id(uint32_t t) const { return view.ids[stored(t)]; }
  uint8_t role(uint32_t t) const { return view.roles[stored(t)]; }
  float score(uint32_t score, uint32_t t) const {
    return view.tokenScores[score * view.ids.size() + stored(t)];
  }
  /// What the token before t must predict, or noLabel.
  int32_t label(uint32_t t) const {
    uint32_t at = stored(t);
    bool behindHole = placed.holeBegin < placed.holeEnd && at == placed.holeEnd;
    return (t == 0 && !firstIsLabel) || behindHole ? noLabel : view.labels[at];
  }
  const SequenceView &stored() const { return view; }

private:
  SequenceView view;
  PlacedSequence placed;
  bool firstIsLabel;
};

} // namespace roux::data
