//===- Pieces.cpp - what sequences have become while they are put in order ===//
//
// See the header. A part keeps its targets, since counting them reads its labels.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/plan/Pieces.h"

#include <fmt/format.h>

namespace roux::data {

Pieces::Pieces(const PlanInput &input, Reach labels) : input(&input), labels(labels) {
  if (input.sequences.size() > partBit)
    throw PlanError(
        fmt::format("{} sequences, expected at most {}", input.sequences.size(), partBit));
}

PlacedSequence Pieces::whole(uint32_t sequence) const {
  const SequenceEntry &from = input->sequences[sequence];
  return {.sequence = sequence,
          .begin = 0,
          .end = from.tokens,
          .holeBegin = 0,
          .holeEnd = 0,
          .positions = from.tokens - labelOnly(sequence),
          .targets = from.targets,
          .offset = 0,
          .prefix = PlacedSequence::noGaps};
}

PlacedSequence Pieces::placed(const Part &part) const {
  PlacedSequence piece = whole(part.sequence);
  piece.begin = part.tokens.begin;
  piece.end = part.tokens.end;
  piece.holeBegin = part.hole.begin;
  piece.holeEnd = part.hole.end;
  piece.positions = piece.tokens() - labelOnly(part.sequence);
  piece.targets = part.targets;
  return piece;
}

PlacedSequence Pieces::part(uint32_t sequence, TokenRange tokens, TokenRange hole) const {
  auto count = [&](uint32_t begin, uint32_t end) {
    return begin + 1 < end ? input->countLabels(sequence, {begin + 1, end}) : 0;
  };
  uint32_t targets = hole.size() == 0
                         ? count(tokens.begin, tokens.end)
                         : count(tokens.begin, hole.begin) + count(hole.end, tokens.end);
  return placed({sequence, tokens, hole, targets});
}

uint32_t Pieces::keep(const PlacedSequence &piece) {
  if (piece.begin == 0 && piece.end == input->sequences[piece.sequence].tokens &&
      piece.holeBegin == piece.holeEnd)
    return piece.sequence;
  if (parts.size() == partBit)
    throw PlanError(fmt::format("more than {} pieces of sequences", partBit));
  parts.push_back(
      {piece.sequence, {piece.begin, piece.end}, {piece.holeBegin, piece.holeEnd}, piece.targets});
  return static_cast<uint32_t>(parts.size() - 1) | partBit;
}

} // namespace roux::data
