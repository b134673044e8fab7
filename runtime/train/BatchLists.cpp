//===- BatchLists.cpp - segments as work, ids as ranges -------------------===//
//
// The order of work is for balance only: no item's result depends on another.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/BatchLists.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace roux {

/// Items of one kind: `span` gives, for a block [first, end) of a segment [begin, stop), the rows
/// it meets.
template <typename Span>
static std::vector<WorkItem> work(std::span<const int32_t> segments, int32_t heads, Span span) {
  std::vector<WorkItem> items;
  for (size_t i = 0; i + 1 < segments.size(); ++i) {
    int32_t begin = segments[i], stop = segments[i + 1];
    for (int32_t first = begin; first < stop; first += attentionBlock) {
      int32_t rows = std::min<int32_t>(attentionBlock, stop - first);
      auto [from, to] = span(first, first + rows, begin, stop);
      for (int32_t head = 0; head < heads; ++head)
        items.push_back({first, rows, from, to, first - begin, head});
    }
  }
  std::ranges::sort(items, {}, [](const WorkItem &item) {
    return std::tuple(item[2] - item[3], item[0], item[5]);
  });
  return items;
}

std::vector<WorkItem> queryWork(std::span<const int32_t> segments, int32_t heads) {
  return work(segments, heads,
              [](int32_t, int32_t end, int32_t begin, int32_t) { return std::pair(begin, end); });
}

std::vector<WorkItem> keyWork(std::span<const int32_t> segments, int32_t keyValueHeads) {
  return work(segments, keyValueHeads,
              [](int32_t, int32_t, int32_t begin, int32_t stop) { return std::pair(begin, stop); });
}

Occurrences occurrences(std::span<const int32_t> column) {
  Occurrences found;
  found.members.resize(column.size());
  std::iota(found.members.begin(), found.members.end(), 0);
  std::ranges::sort(found.members, {}, [&](int32_t at) { return std::pair(column[at], at); });
  for (size_t i = 0; i < found.members.size(); ++i) {
    int32_t id = column[found.members[i]];
    if (found.ids.empty() || found.ids.back() != id) {
      found.ids.push_back(id);
      found.starts.push_back(static_cast<int32_t>(i));
    }
  }
  found.starts.push_back(static_cast<int32_t>(column.size()));
  return found;
}

} // namespace roux
