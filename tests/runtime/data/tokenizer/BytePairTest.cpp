//===- BytePairTest.cpp - merging against its definition ------------------===//
//
// The short and the long way of merging, and cutting before a mark, against the
// plain definition: merge the pair of lowest rank, leftmost first, until no pair
// merges.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/BytePair.h"

#include <gtest/gtest.h>
#include <random>

namespace roux::data {

namespace {

/// A random vocabulary over a few letters: any token is the merge of two older ones.
struct RandomModel {
  Vocabulary vocabulary;
  BytePair model;

  RandomModel(std::mt19937 &random, std::string_view letters, int merges) {
    std::vector<std::string> tokens;
    auto add = [&](const std::string &token) {
      if (vocabulary.add(token, tokens.size()) != Vocabulary::Added::yes)
        return false;
      model.addSpelling(token, tokens.size());
      tokens.push_back(token);
      return true;
    };
    for (char letter : letters)
      add(std::string(1, letter));
    for (std::uint32_t rank = 0; rank < std::uint32_t(merges); ++rank) {
      TokenId left = random() % tokens.size(), right = random() % tokens.size();
      std::string whole = tokens[left] + tokens[right];
      if (whole.size() < 8)
        add(whole);
      if (std::optional<TokenId> result = vocabulary.find(whole))
        model.merges.set(left, right, {rank, *result});
    }
  }

  std::vector<TokenId> byDefinition(std::string_view word) const {
    std::vector<TokenId> ids;
    for (char letter : word)
      ids.push_back(*vocabulary.find({&letter, 1}));
    for (;;) {
      Merge best;
      std::size_t place = 0;
      for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
        Merge merge = model.merges.find(ids[i], ids[i + 1]);
        if (merge.rank < best.rank)
          best = merge, place = i;
      }
      if (best.rank == Merge::never)
        return ids;
      ids[place] = best.result;
      ids.erase(ids.begin() + place + 1);
    }
  }
};

} // namespace

TEST(BytePair, ShortAndLongWordsFollowTheDefinition) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    RandomModel made(random, "abc_", 40);
    if (round % 2)
      made.model.cutBefore("_", made.vocabulary);
    BytePairScratch scratch;
    for (int i = 0; i < 100; ++i) {
      std::string word;
      for (std::size_t length = 1 + random() % 120; length > 0; --length)
        word += "abc_"[random() % 4];
      std::vector<TokenId> ids;
      made.model.encode(word, scratch, ids);
      ASSERT_EQ(ids, made.byDefinition(word)) << word;

      std::vector<Symbol> symbols;
      made.model.encode(word, scratch, symbols);
      std::size_t at = 0;
      for (std::size_t token = 0; token < symbols.size(); ++token) {
        ASSERT_EQ(symbols[token].id, ids[token]);
        ASSERT_EQ(word.substr(at, symbols[token].length),
                  made.vocabulary.spelling(symbols[token].id));
        at += symbols[token].length;
      }
      ASSERT_EQ(at, word.size());
    }
  }
}

TEST(BytePair, RankedTokensMergeHoweverTheyAreSplit) {
  // tiktoken's rule: abc may come from a+bc or ab+c, whichever the ranks allow.
  BytePair model;
  const char *tokens[] = {"a", "b", "c", "bc", "abc"};
  for (TokenId id = 0; id < std::size(tokens); ++id)
    model.addSpelling(tokens[id], id);
  model.mergeSplits([](TokenId id) { return id; });
  BytePairScratch scratch;
  std::vector<TokenId> ids;
  model.encode("abcab", scratch, ids);
  EXPECT_EQ(ids, (std::vector<TokenId>{4, 0, 1}));
}

TEST(BytePair, CharactersWithoutToken) {
  BytePair model;
  model.addSpelling("a", 0);
  BytePairScratch scratch;
  std::vector<TokenId> ids;
  EXPECT_THROW(model.encode("aé", scratch, ids), UnspeakableCharacter);

  model.unknown = 7;
  ids.clear();
  model.encode("éüaé", scratch, ids);
  EXPECT_EQ(ids, (std::vector<TokenId>{7, 7, 0, 7}));

  model.fuseUnknown = true;
  BytePairScratch fresh;
  std::vector<Symbol> symbols;
  model.encode("éüaé", fresh, symbols);
  ASSERT_EQ(symbols.size(), 3u);
  EXPECT_EQ(symbols[0].id, 7u);
  EXPECT_EQ(symbols[0].length, 4u);

  for (int byte = 0; byte < 256; ++byte)
    model.fallbackBytes[byte] = 100 + byte;
  ids.clear();
  BytePairScratch again;
  model.encode("é", again, ids);
  EXPECT_EQ(ids, (std::vector<TokenId>{100 + 0xC3, 100 + 0xA9}));
}

TEST(BytePair, AMegabyteWithoutASpaceIsNotQuadratic) {
  RandomModel made(*std::make_unique<std::mt19937>(3), "ab", 30);
  std::string word(1 << 20, 'a');
  BytePairScratch scratch;
  std::vector<TokenId> ids;
  made.model.encode(word, scratch, ids);
  EXPECT_GT(ids.size(), 0u);
}

} // namespace roux::data
