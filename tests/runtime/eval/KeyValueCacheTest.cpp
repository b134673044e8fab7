//===- KeyValueCacheTest.cpp - what is kept stays where it belongs --------===//
//
// Rows are written as a program writes them, layer by layer, and must be found again
// after the cache has grown.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/KeyValueCache.h"
#include "runtime/cpu/CPUDevice.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace roux;
using eval::KeyValueCache;

namespace {

constexpr int64_t layers = 3, rowBytes = 8;

/// The bytes of token `token` of `sequence` in `layer`.
std::span<std::byte> row(KeyValueCache &cache, bool values, int64_t layer, size_t sequence,
                         int64_t token) {
  train::CacheBuffers buffers = cache.buffers();
  int64_t at = layer * buffers.rows + cache.begin(sequence) + token;
  return (values ? buffers.values : buffers.keys).subspan(at * rowBytes, rowBytes);
}

std::byte mark(bool values, int64_t layer, size_t sequence, int64_t token) {
  return static_cast<std::byte>(1 + values + 2 * layer + 7 * sequence + 31 * token);
}

TEST(KeyValueCacheTest, GrowsAroundWhatItKeeps) {
  KeyValueCache cache(std::make_shared<CPUDevice>(1), layers, rowBytes);
  cache.reset(4, 5);
  EXPECT_EQ(cache.bytes(), 2u * layers * 4 * 5 * rowBytes);
  cache.lengths = {5, 0, 3, 1};
  auto forEachRow = [&](auto action) {
    for (bool values : {false, true})
      for (int64_t layer = 0; layer < layers; ++layer)
        for (size_t sequence = 0; sequence < 4; ++sequence)
          for (int64_t token = 0; token < cache.lengths[sequence]; ++token)
            action(row(cache, values, layer, sequence, token),
                   mark(values, layer, sequence, token));
  };
  forEachRow([](std::span<std::byte> bytes, std::byte value) { std::ranges::fill(bytes, value); });
  cache.reserve(4); // has that
  EXPECT_EQ(cache.begin(1), 5);
  cache.reserve(11);
  EXPECT_EQ(cache.begin(3), 33);
  EXPECT_EQ(cache.buffers().rows, 44);
  forEachRow([](std::span<std::byte> bytes, std::byte value) {
    EXPECT_TRUE(std::ranges::all_of(bytes, [&](std::byte each) { return each == value; }));
  });
  cache.reset(1, 2);
  EXPECT_EQ(cache.lengths, std::vector<int32_t>{0});
  EXPECT_EQ(cache.bytes(), 2u * layers * 2 * rowBytes);
}

TEST(KeyValueCacheTest, RefusesMoreRowsThanAProgramCounts) {
  KeyValueCache cache(std::make_shared<CPUDevice>(1), layers, rowBytes);
  try {
    cache.reset(3000, 1 << 20);
    FAIL() << "3 billion rows were taken";
  } catch (const std::runtime_error &error) {
    EXPECT_STREQ(error.what(), "3000 sequences of 1048576 tokens are more than a cache can "
                               "number; expected fewer at a time");
  }
}

} // namespace
