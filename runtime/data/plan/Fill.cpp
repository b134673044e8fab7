//===- Fill.cpp - packs cut at their ends ---------------------------------===//
//
// ProLong's packing, and with `labels: pack` the classic concatenate-and-chunk:
// a pack is full by construction, at the price of cutting one sequence a pack.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/plan/DataPass.h"

namespace roux::data {

namespace {

class Filler {
public:
  Filler(DataPass &pass, Units &packs)
      : pass(pass), packs(packs), capacity(static_cast<uint32_t>(pass.spec.batch.tokens)),
        room(capacity),
        // A piece of one token has neither a label nor, alone, a reader.
        smallest(pass.spec.batch.labels == Reach::Pack ? 1 : 2) {}

  void add(uint32_t index) {
    while (pass.pieces[index].positions > room) {
      uint32_t extra = pass.pieces.labelOnly(pass.pieces[index].sequence);
      uint32_t rest = room + extra < smallest ? index : cutAt(index, room + extra);
      packs.close();
      room = capacity;
      if (rest == nothing)
        return;
      index = rest;
    }
    packs.members.push_back(index);
    room -= pass.pieces[index].positions;
    if (room == 0) {
      packs.close();
      room = capacity;
    }
  }

private:
  static constexpr uint32_t nothing = UINT32_MAX;

  /// Lays the first `tokens` of a piece down; returns the index of the rest, or nothing.
  uint32_t cutAt(uint32_t index, uint32_t tokens) {
    PlacedSequence before = pass.pieces[index];
    if (before.positions <= capacity && uint64_t(before.positions) * 2 >= capacity)
      pass.losses.add(Fate::Warned, torn, 1, 0, 0, nameForLedger(before.sequence));
    uint32_t middle = tokenAfter(before, tokens);
    PlacedSequence head = piece(before, before.begin, middle);
    pass.pieces.replace(index, head);
    packs.members.push_back(index);

    uint32_t left = before.tokens() - head.tokens();
    if (pass.spec.batch.fit == Fit::FillDrop || left < smallest) {
      const char *rule = pass.spec.batch.fit == Fit::FillDrop ? "fit: fill(rest: drop)" : rested;
      pass.lose(Fate::Cut, rule, before.sequence, left, before.targets - head.targets);
      return nothing;
    }
    bool atHole = middle == before.holeBegin && before.holeBegin < before.holeEnd;
    PlacedSequence tail = piece(before, atHole ? before.holeEnd : middle, before.end);
    pass.lose(Fate::Split, rested, before.sequence, 0,
              before.targets - head.targets - tail.targets);
    pass.pieces.add(tail);
    return static_cast<uint32_t>(pass.pieces.size() - 1);
  }

  /// The token of the sequence before which `count` tokens of `piece` lie.
  static uint32_t tokenAfter(const PlacedSequence &piece, uint32_t count) {
    uint32_t end = piece.begin + count;
    return end > piece.holeBegin && piece.holeBegin < piece.holeEnd
               ? end + piece.holeEnd - piece.holeBegin
               : end;
  }
  /// `whole` from `begin` to `end`, with its hole as far as it lies between.
  PlacedSequence piece(const PlacedSequence &whole, uint32_t begin, uint32_t end) const {
    bool hole = begin < whole.holeBegin && whole.holeEnd < end;
    return pass.pieces.part(whole.sequence, {begin, end},
                            hole ? TokenRange{whole.holeBegin, whole.holeEnd} : TokenRange{});
  }

  std::string nameForLedger(uint32_t sequence) const {
    return pass.losses.wantsName(Fate::Warned, torn) ? pass.input.name(sequence) : std::string();
  }

  /// What a long context is trained for: the rule does what it says, and ruins it.
  static constexpr const char *torn = "fit: fill tears sequences of at least half a pack";
  static constexpr const char *rested = "fit: fill(rest: next)";
  DataPass &pass;
  Units &packs;
  uint32_t capacity, room, smallest;
};

} // namespace

void fillPacks(DataPass &pass, std::span<const uint32_t> stream, Units &packs) {
  Filler filler(pass, packs);
  for (uint32_t index : stream)
    filler.add(index);
}

} // namespace roux::data
