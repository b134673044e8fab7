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
  for (const AttentionWork &item : attentionWork(offsets, 3, 32)) {
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

/// What the gradient's items and sums cover, of segments of such lengths.
static void checkGradientLists(std::vector<int32_t> lengths, int32_t keyHeads) {
  std::vector<int32_t> offsets = {0};
  for (int32_t length : lengths)
    offsets.push_back(offsets.back() + length);
  GradientLists lists = gradientLists(offsets, keyHeads, 256, 16);
  std::set<std::pair<int, int>> keys;             // and their heads
  std::map<int, std::pair<int, int>> partialRows; // the part's first key and the query
  for (const GradientWork &item : lists.work)
    for (int row = item.firstRow; row < item.streamEnd; ++row) {
      if (row < item.firstRow + item.rows)
        EXPECT_TRUE(keys.emplace(row, item.head).second) << row;
      if (item.head != 0)
        continue;
      std::pair given{item.firstRow, row};
      EXPECT_TRUE(partialRows.emplace(row + item.shift, given).second) << "two parts in one row";
    }
  EXPECT_EQ(keys.size(), size_t(offsets.back()) * keyHeads);
  EXPECT_EQ(int64_t(partialRows.size()), lists.partialRows);
  EXPECT_LE(lists.partialRows, mostPartialRows(offsets.back(), keyHeads, 256, 16));
  std::set<int> queries;
  for (const QuerySums &sum : lists.sums)
    for (int row = 0; row < sum.rows; ++row) {
      EXPECT_TRUE(queries.insert(sum.firstRow + row).second);
      int before = -1;
      for (int part = 0; part < sum.parts; ++part) {
        auto [key, query] = partialRows.at(sum.partialRow[part] + row);
        EXPECT_EQ(query, sum.firstRow + row);
        EXPECT_GT(key, before) << "parts are not in the order of keys";
        before = key;
        partialRows.erase(sum.partialRow[part] + row);
      }
    }
  EXPECT_EQ(queries.size(), size_t(offsets.back()));
  EXPECT_TRUE(partialRows.empty()) << "some part is added to no query";
}

TEST(GradientLists, AddEveryPartOfEveryQueryOnce) {
  checkGradientLists({1, 0, 70, 29}, 3);
  checkGradientLists({5000, 1, 513, 900}, 2);
  checkGradientLists({5000, 5000, 5000}, 1);
  checkGradientLists({2049, 2049}, 1); // the bound is of one segment as long as both
  checkGradientLists({5000}, 32);
}

TEST(GradientLists, CutWhatIsLongIntoPartsThatBeginWithTheLargest) {
  std::vector<int32_t> offsets = {0, 1024, 1100};
  GradientLists lists = gradientLists(offsets, 1, 256, 16);
  ASSERT_EQ(lists.work.size(), 5u);
  EXPECT_EQ(lists.work[0].firstRow, 0);
  EXPECT_EQ(lists.work[1].firstRow, 256);
  EXPECT_EQ(lists.work[4].firstRow, 1024);
  EXPECT_EQ(gradientLists(offsets, 8, 256, 16).work.size(), 24u); // two parts are enough
}

TEST(GradientLists, RefuseOffsetsThatFall) {
  std::vector<int32_t> falls = {0, 5, 3};
  EXPECT_THROW(gradientLists(falls, 1, 256, 16), std::invalid_argument);
}

TEST(AttentionWork, RefusesOffsetsThatFall) {
  std::vector<int32_t> falls = {0, 5, 3}, late = {1, 5};
  EXPECT_THROW(attentionWork(falls, 1, 32), std::invalid_argument);
  EXPECT_THROW(attentionWork(late, 1, 32), std::invalid_argument);
  EXPECT_THROW(attentionWork({}, 1, 32), std::invalid_argument);
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

TEST(AnswerRows, SaysWhichTargetsAreOfWhichAnswer) {
  std::vector<int32_t> offsets = {0, 3, 5, 6}, labels = {-1, 4, 7, -1, 3, -1};
  AnswerRows found = answerRows(offsets, labels);
  EXPECT_EQ(found.begins, (std::vector<int32_t>{0, 2, 3}));
  EXPECT_EQ(found.ends, (std::vector<int32_t>{2, 3, 3})); // the last one has no target
  EXPECT_EQ(found.answers, (std::vector<int32_t>{0, 0, 1}));
}
