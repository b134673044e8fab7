//===- Overflow.cpp - sequences longer than what must hold them -----------===//
//
// The one place where a sequence becomes a piece of itself before batching. Every
// token and target that falls away is counted under the rule that the author wrote.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/plan/DataPass.h"

#include <fmt/format.h>

namespace roux::data {

void DataPass::lose(Fate fate, std::string_view rule, uint32_t sequence, uint64_t tokens,
                    uint64_t targets) {
  losses.add(fate, rule, 1, tokens, targets,
             losses.wantsName(fate, rule) ? input.name(sequence) : std::string());
}

/// The part of `sequence` that `overflow: cut(side)` leaves, `keep` tokens.
static PlacedSequence cutPart(const DataPass &pass, uint32_t sequence, uint32_t keep) {
  uint32_t tokens = pass.input.sequences[sequence].tokens;
  switch (pass.spec.batch.overflow) {
  case Overflow::CutLeft:
    return pass.pieces.part(sequence, {tokens - keep, tokens});
  case Overflow::CutMiddle: {
    uint32_t head = keep - keep / 2;
    return pass.pieces.part(sequence, {0, tokens}, {head, tokens - (keep - head)});
  }
  default:
    return pass.pieces.part(sequence, {0, keep});
  }
}

static void cut(DataPass &pass, uint32_t sequence, uint32_t keep) {
  static constexpr const char *rules[] = {"overflow: cut(right)", "overflow: cut(left)",
                                          "overflow: cut(middle)"};
  const SequenceEntry &from = pass.input.sequences[sequence];
  PlacedSequence piece = cutPart(pass, sequence, keep);
  size_t side =
      static_cast<size_t>(pass.spec.batch.overflow) - static_cast<size_t>(Overflow::CutRight);
  pass.lose(Fate::Cut, rules[side], sequence, from.tokens - keep, from.targets - piece.targets);
  pass.pieces.add(piece);
}

/// Pieces of `keep` tokens and one of the rest. The first token of a later piece is no label any
/// more, and a rest that would take no position is left out.
static void split(DataPass &pass, uint32_t sequence, uint32_t keep) {
  const SequenceEntry &from = pass.input.sequences[sequence];
  uint32_t laid = 0, targets = 0;
  while (from.tokens - laid > pass.pieces.labelOnly(sequence)) {
    uint32_t count = std::min(keep, from.tokens - laid);
    PlacedSequence piece = pass.pieces.part(sequence, {laid, laid + count});
    targets += piece.targets;
    laid += count;
    pass.pieces.add(piece);
  }
  pass.lose(Fate::Split, "overflow: split", sequence, from.tokens - laid, from.targets - targets);
}

/// Of a pair the longer answer with its prompt, which has to fit into the model's context.
static uint32_t longestSpan(const DataPass &pass, uint32_t sequence) {
  uint32_t longest = 0;
  for (TokenRange span : pass.input.store->view(sequence).spans)
    longest = std::max(longest, span.size());
  return longest;
}

/// True of a pair that is refused or left out for one of its answers.
static bool hasLongAnswer(const DataPass &pass, uint32_t sequence) {
  if (pass.spec.batch.attend != Reach::Span || !pass.input.store)
    return false;
  uint32_t longest = longestSpan(pass, sequence);
  if (longest > pass.spec.context && pass.spec.batch.overflow == Overflow::Error)
    throw PlanError(fmt::format("{} has an answer that takes {} positions with its prompt, but the "
                                "model's context is {}; overflow: drop leaves such pairs out",
                                pass.input.name(sequence), longest, pass.spec.context));
  return longest > pass.spec.context;
}

void applyOverflow(DataPass &pass, std::span<const uint32_t> order) {
  uint32_t capacity = static_cast<uint32_t>(pass.spec.capacity());
  pass.pieces.reserve(order.size());
  for (uint32_t sequence : order) {
    PlacedSequence piece = pass.pieces.whole(sequence);
    uint32_t extra = pass.pieces.labelOnly(sequence);
    if (piece.end <= extra) {
      pass.drop("no tokens to lay down", piece);
      continue;
    }
    if (hasLongAnswer(pass, sequence)) {
      pass.drop("overflow: drop", piece);
      continue;
    }
    if (piece.positions <= capacity) {
      pass.pieces.add(piece);
      continue;
    }
    switch (pass.spec.batch.overflow) {
    case Overflow::Error:
      throw PlanError(fmt::format("{} takes {} positions, but at most {} fit; say what to do with "
                                  "longer sequences: overflow: {}",
                                  pass.input.name(sequence), piece.positions, capacity,
                                  pass.spec.batch.attend == Reach::Span
                                      ? "drop, which leaves out the pair"
                                      : "drop, cut(right) or split"));
    case Overflow::Drop:
      pass.drop("overflow: drop", piece);
      break;
    case Overflow::Split:
      split(pass, sequence, capacity + extra);
      break;
    default:
      cut(pass, sequence, capacity + extra);
    }
  }
}

} // namespace roux::data
