//===- KeyOrder.cpp - shuffles as sorts -----------------------------------===//
//
// Random keys spread evenly, so one counting pass over their leading bits leaves
// buckets of a few, which an ordinary sort finishes inside the cache.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/plan/KeyOrder.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace roux::data {

std::vector<uint32_t> orderByKey(std::span<const uint64_t> keys) {
  struct Keyed {
    uint64_t key;
    uint32_t index;
    bool operator<(const Keyed &other) const {
      return key != other.key ? key < other.key : index < other.index;
    }
  };
  // About eight keys a bucket.
  unsigned bits = static_cast<unsigned>(
      std::clamp<size_t>(static_cast<size_t>(std::bit_width(keys.size() / 8)), 1, 20));
  auto bucket = [&](uint64_t key) { return key >> (64 - bits); };
  std::vector<uint32_t> ends(size_t(1) << bits, 0);
  for (uint64_t key : keys)
    ++ends[bucket(key)];
  std::exclusive_scan(ends.begin(), ends.end(), ends.begin(), 0u);
  std::vector<Keyed> sorted(keys.size());
  for (uint32_t i = 0; i < keys.size(); ++i)
    sorted[ends[bucket(keys[i])]++] = {keys[i], i};

  uint32_t begin = 0;
  for (uint32_t end : ends) {
    std::sort(sorted.begin() + begin, sorted.begin() + end);
    begin = end;
  }
  std::vector<uint32_t> order(keys.size());
  std::transform(sorted.begin(), sorted.end(), order.begin(),
                 [](const Keyed &keyed) { return keyed.index; });
  return order;
}

std::vector<uint32_t> orderByCount(std::span<const uint32_t> values) {
  uint32_t largest = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
  std::vector<uint32_t> begins(size_t(largest) + 2, 0);
  for (uint32_t value : values)
    ++begins[value + 1];
  std::inclusive_scan(begins.begin(), begins.end(), begins.begin());
  std::vector<uint32_t> order(values.size());
  for (uint32_t i = 0; i < values.size(); ++i)
    order[begins[values[i]]++] = i;
  return order;
}

} // namespace roux::data
