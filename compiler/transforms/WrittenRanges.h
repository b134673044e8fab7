//===- WrittenRanges.h - which elements of a buffer hold something --------===//
//
// A set of elements as the few ranges it is made of: launches write rows that
// follow one another.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>

namespace roux::kernel {

class WrittenRanges {
public:
  void add(int64_t begin, int64_t end) {
    auto at = ranges.upper_bound(begin);
    if (at != ranges.begin() && std::prev(at)->second >= begin)
      --at;
    while (at != ranges.end() && at->first <= end) {
      begin = std::min(begin, at->first);
      end = std::max(end, at->second);
      at = ranges.erase(at);
    }
    ranges[begin] = end;
  }
  /// The first element from `begin` on that is not in it; `end` if all before that are.
  int64_t firstMissing(int64_t begin, int64_t end) const {
    auto at = ranges.upper_bound(begin);
    if (at == ranges.begin() || std::prev(at)->second <= begin)
      return begin < end ? begin : end;
    return std::min(std::prev(at)->second, end);
  }
  bool overlaps(int64_t begin, int64_t end) const {
    auto at = ranges.lower_bound(begin);
    return (at != ranges.end() && at->first < end) ||
           (at != ranges.begin() && std::prev(at)->second > begin);
  }

private:
  std::map<int64_t, int64_t> ranges; ///< from the first of each to its end; apart, not touching
};

} // namespace roux::kernel
