//===- MergeTable.h - which two tokens become one, and how soon -----------===//
//
// Byte-pair encoding asks one question millions of times a second: does this
// pair merge? The answer is one probe of a flat table keyed by both ids.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Tokenizer.h"

#include <bit>
#include <vector>

namespace roux::data {

/// What a pair merges into. Lower ranks merge first; equal ranks, leftmost first.
struct Merge {
  static constexpr std::uint32_t never = UINT32_MAX;

  std::uint32_t rank = never;
  TokenId result = 0;
};

class MergeTable {
public:
  /// Sets what (`left`, `right`) merges into; a pair given twice keeps the last.
  void set(TokenId left, TokenId right, Merge merge) {
    if (count * 2 >= slots.size())
      grow();
    Slot &slot = slots[slotOf(keyOf(left, right))];
    count += slot.merge.rank == Merge::never;
    slot = {keyOf(left, right), merge};
  }

  /// The merge of the pair; its rank is Merge::never where there is none.
  Merge find(TokenId left, TokenId right) const { return slots[slotOf(keyOf(left, right))].merge; }

private:
  struct Slot {
    std::uint64_t key = 0;
    Merge merge;
  };

  static std::uint64_t keyOf(TokenId left, TokenId right) {
    return std::uint64_t(left) << 32 | right;
  }

  /// The slot that holds `key`, or the free one where it would stand.
  std::size_t slotOf(std::uint64_t key) const {
    std::size_t at = (key * 0x9E3779B97F4A7C15u) >> shift;
    while (slots[at].merge.rank != Merge::never && slots[at].key != key)
      at = (at + 1) & (slots.size() - 1);
    return at;
  }

  void grow() {
    std::vector<Slot> old(slots.size() * 2);
    old.swap(slots);
    shift = 64 - std::countr_zero(slots.size());
    for (const Slot &slot : old)
      if (slot.merge.rank != Merge::never)
        slots[slotOf(slot.key)] = slot;
  }

  std::vector<Slot> slots = std::vector<Slot>(16);
  unsigned shift = 60;
  std::size_t count = 0;
};

} // namespace roux::data
