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

template <typename Work, typename Cost>
static void sortLongestFirst(std::vector<Work> &work, Cost cost) {
  std::sort(work.begin(), work.end(), [&](const Work &a, const Work &b) {
    return std::tuple(-cost(a), a.firstRow, a.head) < std::tuple(-cost(b), b.firstRow, b.head);
  });
}

std::vector<int32_t> sequenceLengths(std::span<const int32_t> offsets,
                                     std::span<const int32_t> labels) {
  std::vector<int32_t> lengths;
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    int32_t end = offsets[i + 1], length = end - offsets[i];
    if (length > 0 && !labels.empty() && labels[static_cast<size_t>(end) - 1] >= 0)
      ++length;
    lengths.resize(static_cast<size_t>(end), length);
  }
  return lengths;
}

static void checkOffsets(std::span<const int32_t> offsets) {
  if (offsets.empty() || offsets[0] != 0 || !std::is_sorted(offsets.begin(), offsets.end()))
    throw std::invalid_argument("segment offsets do not begin at 0 or fall");
}

std::vector<AttentionWork> attentionWork(std::span<const int32_t> offsets, int32_t heads,
                                         int32_t block) {
  checkOffsets(offsets);
  std::vector<AttentionWork> work;
  for (size_t i = 0; i + 1 < offsets.size(); ++i)
    for (int32_t first = offsets[i]; first < offsets[i + 1]; first += block)
      for (int32_t head = 0; head < heads; ++head)
        work.push_back({first, std::min(block, offsets[i + 1] - first), offsets[i], offsets[i + 1],
                        first - offsets[i], head});
  sortLongestFirst(work, [](const AttentionWork &item) { return item.position + item.rows; });
  return work;
}

/// Into how many parts the keys of a segment are cut: a function of its length, the heads and the
/// target alone, for it decides in which order sums are made.
static int64_t partsOf(int64_t length, int32_t keyHeads, int32_t partKeys, int32_t items) {
  int64_t most = std::clamp<int64_t>(items / keyHeads, 1, QuerySums::mostParts);
  return std::clamp<int64_t>(length / partKeys, 1, most);
}

static int32_t keysOfPart(int64_t length, int64_t parts) {
  constexpr int64_t wholeTiles = 128;
  int64_t keys = (length + parts - 1) / parts;
  return static_cast<int32_t>((keys + wholeTiles - 1) / wholeTiles * wholeTiles);
}

/// Rows of queries that one item adds up.
static constexpr int32_t sumRows = 64;

GradientLists gradientLists(std::span<const int32_t> offsets, int32_t keyHeads, int32_t partKeys,
                            int32_t items) {
  checkOffsets(offsets);
  GradientLists lists;
  lists.partialRows = offsets.back(); // of first parts, where the queries are
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    int32_t begin = offsets[i], end = offsets[i + 1];
    int32_t keys = keysOfPart(end - begin, partsOf(end - begin, keyHeads, partKeys, items));
    std::vector<int32_t> shifts;
    for (int32_t first = begin; first < end; first += keys) {
      shifts.push_back(static_cast<int32_t>(first == begin ? 0 : lists.partialRows - first));
      if (first != begin)
        lists.partialRows += end - first;
      int32_t rows = std::min(keys, end - first);
      for (int32_t head = 0; head < keyHeads; ++head)
        lists.work.push_back({first, rows, begin, end, first - begin, head, shifts.back()});
      for (int32_t row = first; row < first + rows; row += sumRows) {
        QuerySums sum{
            row, std::min(sumRows, first + rows - row), static_cast<int32_t>(shifts.size()), {}};
        for (size_t part = 0; part < shifts.size(); ++part)
          sum.partialRow[part] = row + shifts[part];
        lists.sums.push_back(sum);
      }
    }
  }
  sortLongestFirst(lists.work, [](const GradientWork &item) {
    return int64_t(item.rows) * (2 * int64_t(item.streamEnd - item.firstRow) - item.rows);
  });
  return lists;
}

int64_t mostPartialRows(int64_t tokens, int32_t keyHeads, int32_t partKeys, int32_t items) {
  // Part i of n has its own share of the queries, and lacks those of i others at least.
  return (tokens * (partsOf(tokens, keyHeads, partKeys, items) + 1) + 1) / 2;
}

std::vector<AttentionWork> cachedWork(std::span<const int32_t> offsets,
                                      std::span<const int32_t> begins,
                                      std::span<const int32_t> lengths, int32_t heads,
                                      int32_t block) {
  std::vector<AttentionWork> work = attentionWork(offsets, heads, block);
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

AnswerRows answerRows(std::span<const int32_t> offsets, std::span<const int32_t> labels) {
  checkOffsets(offsets);
  AnswerRows found;
  for (size_t answer = 0; answer + 1 < offsets.size(); ++answer) {
    found.begins.push_back(static_cast<int32_t>(found.answers.size()));
    for (int32_t row = offsets[answer]; row < offsets[answer + 1]; ++row)
      if (labels[static_cast<size_t>(row)] >= 0)
        found.answers.push_back(static_cast<int32_t>(answer));
    found.ends.push_back(static_cast<int32_t>(found.answers.size()));
  }
  return found;
}

} // namespace roux
