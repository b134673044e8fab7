// A bounded cache: what is found is what was kept, the oldest goes first, and what is larger than
// all of it is not kept.
#include "runtime/data/pipeline/TokenCache.h"

#include <gtest/gtest.h>

using namespace roux::data;

namespace {

std::shared_ptr<TokenizedRecord> tokens(size_t count) {
  auto record = std::make_shared<TokenizedRecord>();
  record->ids.assign(count, 1);
  record->labels.assign(count, 1);
  record->roles.assign(count, 0);
  return record;
}

TEST(TokenCache, ForgetsTheOldestFirst) {
  TokenCache cache(2 * 100 * 9); // bytes of two records of 100 tokens
  for (uint64_t row = 0; row < 4; ++row)
    cache.keep(row, tokens(100));
  EXPECT_EQ(cache.find(0), nullptr);
  EXPECT_EQ(cache.find(1), nullptr);
  ASSERT_NE(cache.find(2), nullptr);
  EXPECT_EQ(cache.find(3)->size(), 100u);
}

TEST(TokenCache, KeepsTheFirstOfARowAndNothingOverItsLimit) {
  uint64_t row = TokenCache::placeOf(1, 0), large = TokenCache::placeOf(0, 1);
  TokenCache cache(100 * 9);
  cache.keep(row, tokens(100));
  cache.keep(row, tokens(50));
  cache.keep(large, tokens(101));
  EXPECT_EQ(cache.find(row)->size(), 100u);
  EXPECT_EQ(cache.find(large), nullptr);
}

} // namespace
