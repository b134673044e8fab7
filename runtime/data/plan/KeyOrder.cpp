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

std::vector<Counted> sortByCount(std::span<const uint32_t> values) {
  // Eleven bits at a time, so that the places written to stay in the cache.
  constexpr unsigned digit = 11;
  std::vector<Counted> sorted(values.size()), next(values.size());
  uint32_t largest = 0;
  for (uint32_t i = 0; i < values.size(); ++i) {
    sorted[i] = {values[i], i};
    largest = std::max(largest, values[i]);
  }
  for (unsigned shift = 0; shift < 32 && largest >> shift; shift += digit) {
    auto digitOf = [&](Counted counted) {
      return counted.value >> shift & ((uint32_t(1) << digit) - 1);
    };
    std::vector<uint32_t> begins((size_t(1) << digit) + 1, 0);
    for (Counted counted : sorted)
      ++begins[digitOf(counted) + 1];
    std::inclusive_scan(begins.begin(), begins.end(), begins.begin());
    for (Counted counted : sorted)
      next[begins[digitOf(counted)]++] = counted;
    sorted.swap(next);
  }
  return sorted;
}

std::vector<uint32_t> orderByCount(std::span<const uint32_t> values) {
  std::vector<uint32_t> order;
  order.reserve(values.size());
  for (Counted counted : sortByCount(values))
    order.push_back(counted.index);
  return order;
}

} // namespace roux::data
