//===- Packing.cpp - which lengths share a pack ---------------------------===//
//
// A million lengths in a few hundredths of a second: room left is a small number,
// so packs are found by it in a tree of bits instead of a sorted container.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/plan/Packing.h"

#include "runtime/data/plan/KeyOrder.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <numeric>

namespace roux::data {

namespace {

constexpr uint32_t none = UINT32_MAX;

/// A set of numbers below a limit that finds the smallest member not below x in a few words: level
/// k has a bit for each word of level k - 1 that is not zero.
class BitTree {
public:
  explicit BitTree(size_t limit) {
    do {
      limit = (limit + 63) / 64;
      levels.emplace_back(limit, 0);
    } while (limit > 1);
  }
  void insert(size_t x) {
    for (std::vector<uint64_t> &level : levels) {
      level[x / 64] |= uint64_t(1) << (x % 64);
      x /= 64;
    }
  }
  void erase(size_t x) {
    for (std::vector<uint64_t> &level : levels) {
      level[x / 64] &= ~(uint64_t(1) << (x % 64));
      if (level[x / 64])
        return;
      x /= 64;
    }
  }
  uint32_t atLeast(size_t x) const {
    for (size_t depth = 0; depth < levels.size(); ++depth) {
      if (x / 64 >= levels[depth].size())
        return none;
      if (uint64_t word = levels[depth][x / 64] >> (x % 64) << (x % 64)) {
        x = x / 64 * 64 + std::countr_zero(word);
        while (depth--)
          x = x * 64 + std::countr_zero(levels[depth][x]);
        return static_cast<uint32_t>(x);
      }
      x = x / 64 + 1;
    }
    return none;
  }

private:
  std::vector<std::vector<uint64_t>> levels;
};

/// Open packs by the room they have left: for each room a chain of packs.
class OpenPacks {
public:
  explicit OpenPacks(uint32_t capacity)
      : capacity(capacity), rooms(size_t(capacity) + 1), first(size_t(capacity) + 1, none) {}

  /// Takes `length` out of the fullest pack with room for it, or out of a new one.
  uint32_t place(uint32_t length) {
    uint32_t room = rooms.atLeast(length);
    uint32_t pack;
    if (room == none) {
      pack = static_cast<uint32_t>(next.size());
      next.push_back(none);
      room = capacity;
    } else {
      pack = first[room];
      first[room] = next[pack];
      if (first[room] == none)
        rooms.erase(room);
    }
    // A full pack is in no chain.
    if (uint32_t left = room - length) {
      if (first[left] == none)
        rooms.insert(left);
      next[pack] = first[left];
      first[left] = pack;
    }
    return pack;
  }
  uint32_t packs() const { return static_cast<uint32_t>(next.size()); }

private:
  uint32_t capacity;
  BitTree rooms;
  std::vector<uint32_t> first; ///< by room: the pack last put there
  std::vector<uint32_t> next;  ///< by pack: another with the same room
};

Packing bestFit(std::span<const uint32_t> lengths, uint32_t capacity, bool longestFirst) {
  Packing packing{std::vector<uint32_t>(lengths.size()), 0};
  OpenPacks open(capacity);
  if (longestFirst) {
    std::vector<uint32_t> missing(lengths.size());
    std::transform(lengths.begin(), lengths.end(), missing.begin(),
                   [&](uint32_t length) { return capacity - length; });
    for (Counted longest : sortByCount(missing))
      packing.packOf[longest.index] = open.place(capacity - longest.value);
  } else {
    for (size_t i = 0; i < lengths.size(); ++i)
      packing.packOf[i] = open.place(lengths[i]);
  }
  packing.packs = open.packs();
  return packing;
}

/// Packs are leaves of a tree whose nodes hold the most room below them; the leaves still to be
/// opened are empty packs, so the search never fails.
Packing firstFit(std::span<const uint32_t> lengths, uint32_t capacity) {
  size_t leaves = std::bit_ceil(std::max<size_t>(lengths.size(), 1));
  std::vector<uint32_t> room(2 * leaves, capacity);
  Packing packing{std::vector<uint32_t>(lengths.size()), 0};
  for (size_t i = 0; i < lengths.size(); ++i) {
    size_t node = 1;
    while (node < leaves)
      node = 2 * node + (room[2 * node] < lengths[i]);
    packing.packOf[i] = static_cast<uint32_t>(node - leaves);
    packing.packs = std::max(packing.packs, packing.packOf[i] + 1);
    room[node] -= lengths[i];
    while (node /= 2)
      room[node] = std::max(room[2 * node], room[2 * node + 1]);
  }
  return packing;
}

Packing nextFit(std::span<const uint32_t> lengths, uint32_t capacity) {
  Packing packing{std::vector<uint32_t>(lengths.size()), 0};
  uint32_t room = 0;
  for (size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] > room) {
      ++packing.packs;
      room = capacity;
    }
    packing.packOf[i] = packing.packs - 1;
    room -= lengths[i];
  }
  return packing;
}

} // namespace

Packing packLengths(Fit fit, std::span<const uint32_t> lengths, uint32_t capacity) {
  // Nothing can be left over in a pack that everything fits into; a huge capacity costs nothing.
  uint64_t total = std::accumulate(lengths.begin(), lengths.end(), uint64_t(0));
  capacity = static_cast<uint32_t>(std::min<uint64_t>(capacity, total));
  switch (fit) {
  case Fit::Next:
    return nextFit(lengths, capacity);
  case Fit::First:
    return firstFit(lengths, capacity);
  case Fit::Best:
    return bestFit(lengths, capacity, false);
  case Fit::Decreasing:
    return bestFit(lengths, capacity, true);
  case Fit::FillNext:
  case Fit::FillDrop:
    break;
  }
  assert(false && "fill cuts sequences and is not a packing of whole lengths");
  return {};
}

} // namespace roux::data
