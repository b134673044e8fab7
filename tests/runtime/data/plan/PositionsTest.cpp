//===- PositionsTest.cpp --------------------------------------------------===//
//
// Positions ascend, stay below the span, jump at sites only, and share the budget
// evenly over all ways to share it.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/plan/Positions.h"

#include <gtest/gtest.h>

#include <map>

using namespace roux::data;

namespace {

class PositionsTest : public testing::Test {
protected:
  std::vector<uint32_t> sentences = {0, 4, 6, 9};
  std::vector<TokenRange> turns = {{0, 5}, {5, 12}};
  SequenceView view;
  PlacedSequence placed{};
  PositionRule rule{.at = PositionRule::Sites::Sentence, .span = 40};

  PositionsTest() {
    view.sentences = sentences;
    view.turns = turns;
    placed.end = placed.positions = 12;
  }
  std::vector<uint32_t> make(uint64_t seed) {
    return makePositions(rule, view, placed, SeedTree(seed));
  }
  /// Inputs whose position is not one above the position before.
  static std::vector<uint32_t> jumps(const std::vector<uint32_t> &positions) {
    std::vector<uint32_t> at;
    for (uint32_t t = 1; t < positions.size(); ++t)
      if (positions[t] != positions[t - 1] + 1)
        at.push_back(t);
    return at;
  }
  void expectJumpsAmong(std::vector<uint32_t> allowed, size_t most) {
    for (uint64_t seed = 0; seed < 500; ++seed) {
      std::vector<uint32_t> positions = make(seed);
      ASSERT_EQ(positions.size(), placed.positions);
      ASSERT_EQ(positions[0], 0u);
      ASSERT_LT(positions.back(), rule.span);
      for (uint32_t t = 1; t < positions.size(); ++t)
        ASSERT_LT(positions[t - 1], positions[t]);
      std::vector<uint32_t> at = jumps(positions);
      ASSERT_LE(at.size(), most);
      for (uint32_t t : at)
        ASSERT_NE(std::find(allowed.begin(), allowed.end(), t), allowed.end()) << t;
    }
  }
};

TEST_F(PositionsTest, CountFromZeroWithoutGaps) {
  placed.prefix = PlacedSequence::noGaps;
  EXPECT_TRUE(jumps(make(1)).empty());
}

TEST_F(PositionsTest, JumpAtSentencesTurnsOrTokens) {
  expectJumpsAmong({4, 6, 9}, 3);
  rule.sites = 1;
  expectJumpsAmong({4, 6, 9}, 1);
  rule = {.at = PositionRule::Sites::Turn, .span = 40};
  expectJumpsAmong({5}, 1);
  rule = {.at = PositionRule::Sites::Token, .sites = 2, .span = 40};
  expectJumpsAmong({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 2);
}

// Positions jump in front of a turn; one without tokens has nothing in front of which they could.
TEST_F(PositionsTest, AnEmptyTurnIsNoSite) {
  turns = {{0, 5}, {5, 5}, {7, 7}, {7, 12}};
  view.turns = turns;
  rule = {.at = PositionRule::Sites::Turn, .span = 40};
  expectJumpsAmong({7}, 1);
  EXPECT_TRUE(hasSites(rule, view, placed));
  turns = {{0, 12}, {12, 12}};
  view.turns = turns;
  EXPECT_FALSE(hasSites(rule, view, placed));
}

TEST_F(PositionsTest, APrefixStaysAndTheRestKeepsItsPositions) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    placed.prefix = 0;
    std::vector<uint32_t> bent = make(seed);
    placed.prefix = 7;
    std::vector<uint32_t> held = make(seed);
    for (uint32_t t = 0; t < 12; ++t)
      EXPECT_EQ(held[t], t < 7 ? t : bent[t]);
  }
}

TEST_F(PositionsTest, SitesOfAPartAreItsOwn) {
  placed.begin = 3;
  placed.end = 11;
  placed.positions = 8;
  expectJumpsAmong({1, 3, 6}, 3);
  placed = {.sequence = 0,
            .begin = 0,
            .end = 12,
            .holeBegin = 3,
            .holeEnd = 8,
            .positions = 7,
            .targets = 0,
            .offset = 0,
            .prefix = 0};
  expectJumpsAmong({4}, 1); // sentence 9 is token 4 behind the hole
}

/// With one site and a budget of b, each of 0..b skipped positions has probability 1 / (b + 1).
TEST_F(PositionsTest, OneSiteSkipsUniformly) {
  rule = {.at = PositionRule::Sites::Turn, .span = 21};
  std::map<uint32_t, int> skipped;
  constexpr int rounds = 20000;
  for (uint64_t seed = 0; seed < rounds; ++seed)
    ++skipped[make(seed).back() - 11];
  ASSERT_EQ(skipped.size(), 10u);
  for (auto [skip, count] : skipped)
    EXPECT_NEAR(count, rounds / 10, 200) << skip;
}

/// Two sites, budget 3: the ten compositions of 3 into three parts are equally likely.
TEST_F(PositionsTest, TwoSitesShareUniformly) {
  sentences = {0, 4, 8};
  view.sentences = sentences;
  rule.span = 15;
  std::map<std::pair<uint32_t, uint32_t>, int> shares;
  constexpr int rounds = 20000;
  for (uint64_t seed = 0; seed < rounds; ++seed) {
    std::vector<uint32_t> positions = make(seed);
    ++shares[{positions[4] - 4, positions[11] - positions[4] - 7}];
  }
  ASSERT_EQ(shares.size(), 10u);
  for (auto [share, count] : shares)
    EXPECT_NEAR(count, rounds / 10, 200);
}

} // namespace
