//===- LaunchLists.cpp - the index columns kernels read for a micro-batch -===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/LaunchLists.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <tuple>

namespace roux {

template <typename Cost>
static void sortLongestFirst(std::vector<AttentionWork> &work, Cost cost) {
  std::sort(work.begin(), work.end(), [&](const AttentionWork &a, const AttentionWork &b) {
    return std::tuple(-cost(a), a.firstRow, a.head) < std::tuple(-cost(b), b.firstRow, b.head);
  });
}

std::vector<AttentionWork> attentionWork(std::span<const int32_t> offsets, int32_t heads,
                                         int32_t block, bool ownsKeys) {
  if (offsets.empty() || offsets[0] != 0 || !std::is_sorted(offsets.begin(), offsets.end()))
    throw std::invalid_argument("segment offsets do not begin at 0 or fall");
  std::vector<AttentionWork> work;
  for (size_t i = 0; i + 1 < offsets.size(); ++i)
    for (int32_t first = offsets[i]; first < offsets[i + 1]; first += block)
      for (int32_t head = 0; head < heads; ++head)
        work.push_back({first, std::min(block, offsets[i + 1] - first), offsets[i], offsets[i + 1],
                        first - offsets[i], head});
  sortLongestFirst(work, [&](const AttentionWork &item) {
    return ownsKeys ? item.streamEnd - item.firstRow : item.position + item.rows;
  });
  return work;
}

std::vector<AttentionWork> cachedWork(std::span<const int32_t> offsets,
                                      std::span<const int32_t> begins,
                                      std::span<const int32_t> lengths, int32_t heads,
                                      int32_t block) {
  std::vector<AttentionWork> work = attentionWork(offsets, heads, block, /*ownsKeys=*/false);
  for (AttentionWork &item : work) {
    size_t sequence =
        std::upper_bound(offsets.begin(), offsets.end(), item.firstRow) - offsets.begin() - 1;
    item.position += lengths[sequence];
    item.streamBegin = begins[sequence];
    item.streamEnd =
        begins[sequence] + lengths[sequence] + offsets[sequence + 1] - offsets[sequence];
  }
  sortLongestFirst(work, [](const AttentionWork &item) { return item.position + item.rows; });
  return work;
}

TokenGroups groupTokens(std::span<const int32_t> tokens) {
  TokenGroups groups;
  groups.members.resize(tokens.size());
  std::iota(groups.members.begin(), groups.members.end(), 0);
  std::sort(groups.members.begin(), groups.members.end(), [&](int32_t a, int32_t b) {
    return std::pair(tokens[a], a) < std::pair(tokens[b], b);
  });
  for (size_t i = 0; i < tokens.size(); ++i) {
    int32_t id = tokens[groups.members[i]];
    if (groups.ids.empty() || groups.ids.back() != id) {
      groups.ids.push_back(id);
      groups.starts.push_back(static_cast<int32_t>(i));
    }
  }
  groups.starts.push_back(static_cast<int32_t>(tokens.size()));
  return groups;
}

TargetRows targetRows(std::span<const int32_t> labels) {
  TargetRows found;
  found.places.assign(labels.size(), -1);
  for (size_t i = 0; i < labels.size(); ++i)
    if (labels[i] >= 0) {
      found.places[i] = static_cast<int32_t>(found.rows.size());
      found.rows.push_back(static_cast<int32_t>(i));
    }
  return found;
}

} // namespace roux
