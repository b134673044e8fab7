//===- LaunchListsTest.cpp - the index columns of a micro-batch -----------===//
//
// Work items cover each segment's rows once per head and come longest first;
// grouped tokens are the tokens.
//
//===----------------------------------------------------------------------===//
#include "runtime/LaunchLists.h"

#include <gtest/gtest.h>
#include <map>
#include <set>
#include <stdexcept>

using namespace roux;

TEST(AttentionWork, CoversEverySegmentOncePerHead) {
  std::vector<int32_t> offsets = {0, 1, 1, 71, 100}; // one token, none, more than two blocks
  std::set<std::pair<int, int>> rows;
  int previous = 1 << 30;
  for (const AttentionWork &item : attentionWork(offsets, 3, 32, false)) {
    EXPECT_GT(item.rows, 0);
    EXPECT_LE(item.rows, 32);
    EXPECT_EQ(item.position, item.firstRow - item.streamBegin);
    EXPECT_LE(item.firstRow + item.rows, item.streamEnd);
    EXPECT_LE(item.position + item.rows, previous);
    previous = item.position + item.rows;
    for (int row = item.firstRow; row < item.firstRow + item.rows; ++row)
      EXPECT_TRUE(rows.emplace(row, item.head).second) << row;
  }
  EXPECT_EQ(rows.size(), 300u);
}

TEST(AttentionWork, OfKeysBeginsWithThoseThatMostQueriesSee) {
  std::vector<int32_t> offsets = {0, 64};
  auto work = attentionWork(offsets, 1, 32, true);
  ASSERT_EQ(work.size(), 2u);
  EXPECT_EQ(work[0].firstRow, 0);
}

TEST(AttentionWork, RefusesOffsetsThatFall) {
  std::vector<int32_t> falls = {0, 5, 3}, late = {1, 5};
  EXPECT_THROW(attentionWork(falls, 1, 32, false), std::invalid_argument);
  EXPECT_THROW(attentionWork(late, 1, 32, false), std::invalid_argument);
  EXPECT_THROW(attentionWork({}, 1, 32, false), std::invalid_argument);
}

TEST(CachedWork, SeesTheWholeCacheOfItsSequence) {
  std::vector<int32_t> offsets = {0, 1, 2}, begins = {0, 128}, lengths = {6, 89};
  auto work = cachedWork(offsets, begins, lengths, 2, 1);
  ASSERT_EQ(work.size(), 4u);
  EXPECT_EQ(work[0].firstRow, 1); // the longest first
  EXPECT_EQ(work[0].streamBegin, 128);
  EXPECT_EQ(work[0].streamEnd, 218);
  EXPECT_EQ(work[0].position, 89);
}

TEST(CachedWork, GoesOnWhereASequenceWas) {
  std::vector<int32_t> offsets = {0, 70, 75}, begins = {200, 0}, lengths = {30, 0};
  auto work = cachedWork(offsets, begins, lengths, 1, 64);
  ASSERT_EQ(work.size(), 3u);
  EXPECT_EQ(work[0].firstRow, 64); // positions 94 to 99 see most
  EXPECT_EQ(work[0].rows, 6);
  EXPECT_EQ(work[0].position, 94);
  EXPECT_EQ(work[0].streamBegin, 200);
  EXPECT_EQ(work[0].streamEnd, 300);
  EXPECT_EQ(work[2].firstRow, 70);
  EXPECT_EQ(work[2].streamBegin, 0);
  EXPECT_EQ(work[2].streamEnd, 5);
}

TEST(TokenGroups, ListsEachTokenUnderItsId) {
  std::vector<int32_t> tokens = {7, 3, 7, 0, 3, 7};
  TokenGroups groups = groupTokens(tokens);
  EXPECT_EQ(groups.ids, (std::vector<int32_t>{0, 3, 7}));
  EXPECT_EQ(groups.starts, (std::vector<int32_t>{0, 1, 3, 6}));
  EXPECT_EQ(groups.members, (std::vector<int32_t>{3, 1, 4, 0, 2, 5}));
  EXPECT_EQ(groupTokens({}).starts, std::vector<int32_t>{0});
}

TEST(TargetRows, ListsTokensWithALabelAndTheirPlaces) {
  std::vector<int32_t> labels = {-1, 0, 7, -1, 3};
  TargetRows found = targetRows(labels);
  EXPECT_EQ(found.rows, (std::vector<int32_t>{1, 2, 4}));
  EXPECT_EQ(found.places, (std::vector<int32_t>{-1, 0, 1, -1, 2}));
  EXPECT_TRUE(targetRows({}).rows.empty());
}
