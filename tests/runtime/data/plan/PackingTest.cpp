//===- PackingTest.cpp ----------------------------------------------------===//
//
// Every fit against the plain loop that defines it, on random lengths and on the
// ones that fit exactly.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/plan/Packing.h"

#include "runtime/data/plan/KeyOrder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

using namespace roux::data;

namespace {

/// The definitions, in quadratic time. Best takes the fullest pack with room; which of equally
/// full ones is not defined, so only what a pack holds in all is compared.
std::vector<uint32_t> plainPacks(Fit fit, std::vector<uint32_t> lengths, uint32_t capacity) {
  std::vector<uint32_t> used;
  if (fit == Fit::Decreasing)
    std::sort(lengths.rbegin(), lengths.rend());
  for (uint32_t length : lengths) {
    size_t chosen = used.size();
    for (size_t pack = fit == Fit::Next && !used.empty() ? used.size() - 1 : 0; pack < used.size();
         ++pack) {
      if (used[pack] + length > capacity)
        continue;
      bool better = chosen == used.size() || used[pack] > used[chosen];
      if (fit == Fit::Next || fit == Fit::First ? chosen == used.size() : better)
        chosen = pack;
    }
    if (chosen == used.size())
      used.push_back(0);
    used[chosen] += length;
  }
  return used;
}

std::vector<uint32_t> packed(Fit fit, const std::vector<uint32_t> &lengths, uint32_t capacity) {
  Packing packing = packLengths(fit, lengths, capacity);
  std::vector<uint32_t> used(packing.packs, 0);
  for (size_t i = 0; i < lengths.size(); ++i)
    used.at(packing.packOf[i]) += lengths[i];
  return used;
}

TEST(PackingTest, EveryFitIsItsDefinition) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    uint32_t capacity = 1 + random() % 200;
    std::vector<uint32_t> lengths(random() % 120);
    for (uint32_t &length : lengths)
      length = 1 + random() % (random() % 3 ? capacity : std::max(capacity / 8, 1u));
    for (Fit fit : {Fit::Next, Fit::First, Fit::Best, Fit::Decreasing}) {
      std::vector<uint32_t> ours = packed(fit, lengths, capacity);
      std::vector<uint32_t> plain = plainPacks(fit, lengths, capacity);
      if (fit == Fit::Best || fit == Fit::Decreasing) {
        std::sort(ours.begin(), ours.end());
        std::sort(plain.begin(), plain.end());
      }
      ASSERT_EQ(ours, plain) << "fit " << int(fit) << " capacity " << capacity;
    }
  }
}

TEST(PackingTest, ExactFitsAreTaken) {
  for (Fit fit : {Fit::Next, Fit::First, Fit::Best, Fit::Decreasing})
    EXPECT_EQ(packed(fit, {6, 4, 10, 7, 3}, 10), (std::vector<uint32_t>{10, 10, 10})) << int(fit);
}

TEST(PackingTest, NoLengthsGiveNoPacks) {
  for (Fit fit : {Fit::Next, Fit::First, Fit::Best, Fit::Decreasing})
    EXPECT_EQ(packLengths(fit, {}, 10).packs, 0u);
}

TEST(KeyOrderTest, SortsWithTiesInOrder) {
  std::mt19937_64 random(3);
  std::vector<uint64_t> keys(5000);
  for (uint64_t &key : keys)
    key = random() % 4 ? random() : 42;
  std::vector<uint32_t> expected(keys.size());
  std::iota(expected.begin(), expected.end(), 0u);
  auto sortBy = [&](const auto &values) {
    std::sort(expected.begin(), expected.end(), [&](uint32_t a, uint32_t b) {
      return values[a] != values[b] ? values[a] < values[b] : a < b;
    });
  };
  sortBy(keys);
  EXPECT_EQ(orderByKey(keys), expected);
  std::vector<uint32_t> counts(keys.size());
  std::transform(keys.begin(), keys.end(), counts.begin(),
                 [](uint64_t key) { return static_cast<uint32_t>(key % 97); });
  sortBy(counts);
  EXPECT_EQ(orderByCount(counts), expected);
  EXPECT_TRUE(orderByKey({}).empty());
  EXPECT_TRUE(orderByCount({}).empty());
}

} // namespace
