//===- BytePair.h - merging the symbols of a word into tokens -------------===//
//
// The model every supported format comes down to: a word is spelled in symbols,
// then the pair that merges first is merged until none is left. Formats differ
// only in the table, in what the first symbols are, and in what stands for a
// character that has none.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/MergeTable.h"
#include "runtime/data/tokenizer/Vocabulary.h"
#include "runtime/data/tokenizer/WordCache.h"

#include <array>
#include <functional>
#include <optional>
#include <string>

namespace roux::data {

/// A token of a word, and how many of the word's bytes it stands for.
struct Symbol {
  TokenId id;
  std::uint32_t length;
};

/// What one thread needs while it encodes; reused from word to word.
struct BytePairScratch {
  struct Link {
    Symbol symbol;
    std::uint32_t previous, next;
  };
  struct Candidate {
    std::uint32_t rank, left;
    TokenId result;
    bool operator>(const Candidate &other) const {
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };

  std::vector<Symbol> symbols;
  std::vector<Merge> merges;
  std::vector<Link> links;
  std::vector<Candidate> heap;
  WordCache cache;
};

/// Thrown for a character no token stands for, with its first byte in the word.
struct UnspeakableCharacter {
  std::size_t at;
};

class BytePair {
public:
  static constexpr TokenId none = UINT32_MAX;

  /// Appends the ids of `word`. Throws UnspeakableCharacter.
  void encode(std::string_view word, BytePairScratch &scratch, std::vector<TokenId> &ids) const;
  /// Appends the tokens of `word` with their lengths. Throws UnspeakableCharacter.
  void encode(std::string_view word, BytePairScratch &scratch, std::vector<Symbol> &symbols) const;

  /// Lets a word be cut before a `mark` that follows anything else, if no token of `vocabulary`
  /// reaches over that place; then the result is the same, and the parts can be cached.
  void cutBefore(std::string_view mark, const Vocabulary &vocabulary);

  /// Adds a spelling that is not kept elsewhere.
  void addSpelling(std::string spelling, TokenId id) {
    spellings.insert(ownSpellings.emplace_back(std::move(spelling)), id);
  }
  /// Lets any two spellings that make a third merge into it, sooner the lower `rankOf` it; for
  /// formats that rank tokens instead of pairs. Throws TokenizerError for a token over 1 KiB.
  void mergeSplits(const std::function<std::uint32_t(TokenId)> &rankOf);

  MergeTable merges;
  /// The first symbol of each byte, where words are spelled in bytes; else `none`s.
  std::array<TokenId, 256> byteSymbols = filled();
  /// Words are spelled in bytes (byteSymbols), else in characters (spellings).
  bool spellsBytes = false;
  /// Spellings of tokens as they stand in a word: bytes, or characters.
  SpellingIndex spellings;
  /// A word that is a token is that token, whatever the merges would make of it.
  bool wholeWordFirst = false;
  /// The tokens <0x00> … <0xFF>, which spell a character that has no token; else `none`s.
  std::array<TokenId, 256> fallbackBytes = filled();
  /// The token for a character that has none, and whether a run of them becomes one.
  std::optional<TokenId> unknown;
  bool fuseUnknown = false;

private:
  static std::array<TokenId, 256> filled() {
    std::array<TokenId, 256> ids;
    ids.fill(none);
    return ids;
  }

  template <typename Visit>
  void forEachPart(std::string_view word, Visit visit) const;
  void encodePart(std::string_view part, BytePairScratch &scratch) const;
  void spell(std::string_view word, std::vector<Symbol> &symbols) const;
  bool spellFallback(std::string_view character, std::vector<Symbol> &symbols) const;
  void mergeShort(BytePairScratch &scratch) const;
  void mergeLong(BytePairScratch &scratch) const;

  std::deque<std::string> ownSpellings;
  /// Where a long text may be cut; empty where nothing is known.
  std::string mark;
};

} // namespace roux::data
