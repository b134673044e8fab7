//===- BatchListsTest.cpp - the lists kernels read ------------------------===//
//
// What each kernel relies on: every row in exactly one item a head, every place
// in exactly one range.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/BatchLists.h"

#include <gtest/gtest.h>

using namespace roux;

namespace {

TEST(BatchLists, WorkCoversEveryRowOnce) {
  const std::vector<int32_t> segments{0, 3, 3, 133, 197}; // the second is empty
  for (bool keys : {false, true}) {
    std::vector<std::vector<int>> seen(2, std::vector<int>(197));
    auto items = keys ? keyWork(segments, 2) : queryWork(segments, 2);
    for (size_t i = 0; i < items.size(); ++i) {
      auto [first, rows, from, to, position, head] = items[i];
      EXPECT_LE(rows, attentionBlock);
      EXPECT_EQ(from, first - position) << "lists begin at the segment";
      EXPECT_EQ(to, keys ? (from < 3 ? 3 : from < 133 ? 133 : 197) : first + rows);
      for (int32_t row = first; row < first + rows; ++row)
        ++seen[head][row];
      if (i)
        EXPECT_LE(to - from, items[i - 1][3] - items[i - 1][2]) << "longest first";
    }
    for (const std::vector<int> &head : seen)
      EXPECT_EQ(head, std::vector<int>(197, 1));
  }
}

TEST(BatchLists, OccurrencesOfIds) {
  Occurrences found = occurrences(std::vector<int32_t>{7, 2, 7, 0, 2, 7});
  EXPECT_EQ(found.ids, (std::vector<int32_t>{0, 2, 7}));
  EXPECT_EQ(found.starts, (std::vector<int32_t>{0, 1, 3, 6}));
  EXPECT_EQ(found.members, (std::vector<int32_t>{3, 1, 4, 0, 2, 5}));
  EXPECT_EQ(occurrences({}).starts, (std::vector<int32_t>{0}));
}

} // namespace
