//===- KeyOrder.h - shuffles as sorts -------------------------------------===//
//
// A shuffle that draws a number for each item and sorts by it leaves the order of
// the others alone when an item disappears; swapping neighbours at random does not.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace roux::data {

/// The indexes of `keys` in ascending order of key, equal keys in order of index. For keys that are
/// uniform over 64 bits, in time linear in their number.
std::vector<uint32_t> orderByKey(std::span<const uint64_t> keys);

struct Counted {
  uint32_t value;
  uint32_t index;
};
/// `values` with their indexes in ascending order of value, equal values in order of index, in time
/// linear in their number.
std::vector<Counted> sortByCount(std::span<const uint32_t> values);
/// The same, the indexes alone.
std::vector<uint32_t> orderByCount(std::span<const uint32_t> values);

} // namespace roux::data
