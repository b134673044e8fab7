//===- WordCache.h - ids of the words met lately --------------------------===//
//
// Text repeats its words, and merging costs far more than looking one up. Each
// thread has a small cache of short words; a slot is one cache line, holds word
// and ids inline, and is overwritten by the next word that falls on it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Tokenizer.h"

#include <cstring>
#include <vector>

namespace roux::data {

class WordCache {
public:
  static constexpr std::size_t longestWord = 15;
  static constexpr std::size_t mostIds = 11;

  /// The word's bytes, zeros, and in the last byte its length plus one, so that no word is 0.
  struct Key {
    std::uint64_t low = 0, high = 0;
    bool operator==(const Key &) const = default;
  };
  struct alignas(64) Slot {
    Key key;
    std::uint32_t count = 0;
    TokenId ids[mostIds];
  };

  /// The key of `word`, which has 1 to longestWord bytes.
  static Key keyOf(std::string_view word) {
    const char *bytes = word.data();
    std::size_t size = word.size();
    Key key;
    if (size >= 8) {
      key.low = load<std::uint64_t>(bytes);
      key.high = load<std::uint64_t>(bytes + size - 8) >> 8 >> 8 * (15 - size);
    } else if (size >= 4) {
      key.low = load<std::uint32_t>(bytes) | std::uint64_t(load<std::uint32_t>(bytes + size - 4))
                                                 << 8 * (size - 4);
    } else {
      key.low = std::uint64_t(std::uint8_t(bytes[0])) |
                std::uint64_t(std::uint8_t(bytes[size / 2])) << 8 * (size / 2) |
                std::uint64_t(std::uint8_t(bytes[size - 1])) << 8 * (size - 1);
    }
    key.high |= std::uint64_t(size + 1) << 56;
    return key;
  }

  /// Where the word of `key` stands if it is here; the slot's own key tells.
  Slot &slotOf(Key key) {
    std::uint64_t mixed = (key.low ^ key.high * 0x9E3779B97F4A7C15u) * 0xD6E8FEB86659FD93u;
    return slots[(mixed ^ mixed >> 29) * 0x9E3779B97F4A7C15u >> (64 - bits)];
  }

private:
  template <typename Word>
  static std::uint64_t load(const char *bytes) {
    Word word;
    std::memcpy(&word, bytes, sizeof word);
    return word;
  }

  static constexpr unsigned bits = 15;
  std::vector<Slot> slots = std::vector<Slot>(std::size_t(1) << bits);
};

} // namespace roux::data
