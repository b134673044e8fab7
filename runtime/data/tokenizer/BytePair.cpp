//===- BytePair.cpp - merging the symbols of a word into tokens -----------===//
//
// Two ways to the same result: short words look through all pairs each time,
// which for a dozen symbols beats any structure; long ones keep the pairs in a
// heap, so that a megabyte without a space is not quadratic.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/BytePair.h"

#include "runtime/data/tokenizer/CharacterClass.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux::data {

/// From here on the heap is faster; measured on English and Japanese words.
static constexpr std::size_t longWord = 48;

/// Trying all splits of a token is quadratic in its length; published tokens have up to 128 bytes.
static constexpr std::size_t longestSplit = 1024;

bool BytePair::spellFallback(std::string_view character, std::vector<Symbol> &symbols) const {
  auto hasToken = [&](char byte) { return fallbackBytes[std::uint8_t(byte)] != none; };
  if (!std::all_of(character.begin(), character.end(), hasToken))
    return false;
  for (char byte : character)
    symbols.push_back({fallbackBytes[std::uint8_t(byte)], 1});
  return true;
}

void BytePair::spell(std::string_view word, std::vector<Symbol> &symbols) const {
  symbols.clear();
  Symbol pending{none, 0}; // an unknown that more unknowns may join
  auto flush = [&] {
    if (pending.id != none)
      symbols.push_back(pending);
    pending.id = none;
  };
  for (std::size_t at = 0; at < word.size();) {
    std::uint32_t length = spellsBytes ? 1 : characterAt(word, at).length;
    std::string_view character = word.substr(at, length);
    TokenId id = spellsBytes ? byteSymbols[std::uint8_t(word[at])]
                             : spellings.find(character).value_or(none);
    if (id != none) {
      flush();
      symbols.push_back({id, length});
    } else if (!spellFallback(character, symbols)) {
      if (!unknown)
        throw UnspeakableCharacter{at};
      if (pending.id != none && fuseUnknown) {
        pending.length += length;
      } else {
        flush();
        pending = {*unknown, length};
      }
    }
    at += length;
  }
  flush();
}

void BytePair::mergeShort(BytePairScratch &scratch) const {
  std::vector<Symbol> &symbols = scratch.symbols;
  std::vector<Merge> &found = scratch.merges;
  auto mergeAt = [&](std::size_t i) { return merges.find(symbols[i].id, symbols[i + 1].id); };
  std::size_t count = symbols.size();
  found.resize(count);
  for (std::size_t i = 0; i + 1 < count; ++i)
    found[i] = mergeAt(i);

  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i)
      if (found[i].rank < found[best].rank)
        best = i;
    if (found[best].rank == Merge::never)
      break;
    symbols[best] = {found[best].result, symbols[best].length + symbols[best + 1].length};
    --count;
    std::copy(symbols.begin() + best + 2, symbols.begin() + count + 1, symbols.begin() + best + 1);
    std::copy(found.begin() + best + 1, found.begin() + count, found.begin() + best);
    if (best + 1 < count)
      found[best] = mergeAt(best);
    if (best > 0)
      found[best - 1] = mergeAt(best - 1);
  }
  symbols.resize(count);
}

void BytePair::mergeLong(BytePairScratch &scratch) const {
  constexpr std::uint32_t end = UINT32_MAX;
  std::vector<BytePairScratch::Link> &links = scratch.links;
  std::vector<BytePairScratch::Candidate> &heap = scratch.heap;
  links.clear();
  heap.clear();
  for (std::uint32_t i = 0; i < scratch.symbols.size(); ++i)
    links.push_back({scratch.symbols[i], i - 1, i + 1});
  links.back().next = end;

  std::greater<> later;
  auto propose = [&](std::uint32_t left) {
    Merge merge = merges.find(links[left].symbol.id, links[links[left].next].symbol.id);
    if (merge.rank == Merge::never)
      return;
    heap.push_back({merge.rank, left, merge.result});
    std::push_heap(heap.begin(), heap.end(), later);
  };
  for (std::uint32_t i = 0; i + 1 < links.size(); ++i)
    propose(i);

  while (!heap.empty()) {
    BytePairScratch::Candidate best = heap.front();
    std::pop_heap(heap.begin(), heap.end(), later);
    heap.pop_back();
    BytePairScratch::Link &left = links[best.left];
    if (left.symbol.length == 0 || left.next == end)
      continue; // gone, or last by now
    BytePairScratch::Link &right = links[left.next];
    // The pair may have changed since it was proposed; then it was proposed anew.
    Merge now = merges.find(left.symbol.id, right.symbol.id);
    if (now.rank != best.rank || now.result != best.result)
      continue;
    left.symbol = {best.result, left.symbol.length + right.symbol.length};
    right.symbol.length = 0;
    left.next = right.next;
    if (left.next != end) {
      links[left.next].previous = best.left;
      propose(best.left);
    }
    if (left.previous != end)
      propose(left.previous);
  }

  scratch.symbols.clear();
  for (std::uint32_t i = 0; i != end; i = links[i].next)
    scratch.symbols.push_back(links[i].symbol);
}

/// Leaves the tokens of `part` in scratch.symbols.
void BytePair::encodePart(std::string_view part, BytePairScratch &scratch) const {
  if (wholeWordFirst) {
    if (std::optional<TokenId> id = spellings.find(part)) {
      scratch.symbols.assign(1, {*id, std::uint32_t(part.size())});
      return;
    }
  }
  spell(part, scratch.symbols);
  if (scratch.symbols.size() < 2)
    return;
  if (scratch.symbols.size() < longWord)
    mergeShort(scratch);
  else
    mergeLong(scratch);
}

void BytePair::cutBefore(std::string_view newMark, const Vocabulary &vocabulary) {
  if (wholeWordFirst || !spellings.find(newMark))
    return;
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    std::string_view token = vocabulary.spelling(id);
    for (std::size_t at = token.find(newMark, 1); at != token.npos;
         at = token.find(newMark, at + 1))
      if (!token.substr(0, at).ends_with(newMark))
        return;
  }
  mark = newMark;
}

void BytePair::mergeSplits(const std::function<std::uint32_t(TokenId)> &rankOf) {
  spellings.forEach([&](std::string_view token, TokenId id) {
    if (token.size() > longestSplit)
      throw TokenizerError(fmt::format("token {} has {} bytes, expected at most {}", id,
                                       token.size(), longestSplit));
    for (std::size_t cut = 1; cut < token.size(); ++cut) {
      std::optional<TokenId> left = spellings.find(token.substr(0, cut));
      std::optional<TokenId> right = left ? spellings.find(token.substr(cut)) : std::nullopt;
      if (right)
        merges.set(*left, *right, {rankOf(id), id});
    }
  });
}

/// Calls `visit` with the parts of `word`, in order.
template <typename Visit>
void BytePair::forEachPart(std::string_view word, Visit visit) const {
  std::size_t begin = 0;
  auto visitUpTo = [&](std::size_t end) {
    try {
      visit(word.substr(begin, end - begin));
    } catch (UnspeakableCharacter &character) {
      character.at += begin;
      throw;
    }
    begin = end;
  };
  if (!mark.empty())
    for (std::size_t at = word.find(mark, 1); at != word.npos; at = word.find(mark, at + 1))
      if (!word.substr(0, at).ends_with(mark))
        visitUpTo(at);
  if (begin < word.size())
    visitUpTo(word.size());
}

void BytePair::encode(std::string_view word, BytePairScratch &scratch,
                      std::vector<TokenId> &ids) const {
  forEachPart(word, [&](std::string_view part) {
    bool cached = part.size() <= WordCache::longestWord;
    WordCache::Key key = cached ? WordCache::keyOf(part) : WordCache::Key();
    WordCache::Slot &slot = scratch.cache.slotOf(key);
    if (cached && slot.key == key) {
      ids.insert(ids.end(), slot.ids, slot.ids + slot.count);
      return;
    }
    encodePart(part, scratch);
    for (Symbol symbol : scratch.symbols)
      ids.push_back(symbol.id);
    if (cached && scratch.symbols.size() <= WordCache::mostIds) {
      slot.key = key;
      slot.count = scratch.symbols.size();
      std::copy(ids.end() - slot.count, ids.end(), slot.ids);
    }
  });
}

void BytePair::encode(std::string_view word, BytePairScratch &scratch,
                      std::vector<Symbol> &symbols) const {
  forEachPart(word, [&](std::string_view part) {
    encodePart(part, scratch);
    symbols.insert(symbols.end(), scratch.symbols.begin(), scratch.symbols.end());
  });
}

} // namespace roux::data
