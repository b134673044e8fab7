//===- BatchLists.h - what kernels read of a micro-batch beside columns ---===//
//
// Kernels have no code that depends on segments or on which ids occur: both
// reach them as lists, made here once for each micro-batch. The names and the
// block size are the contract between the compiler and whoever fills buffers.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace roux {

/// Names of the two lists of attention work, and of the extents that count their rows.
inline constexpr const char *queryWorkName = "attention.queries";
inline constexpr const char *keyWorkName = "attention.keys";
/// Rows of queries, or of keys, that one item covers at most.
inline constexpr int64_t attentionBlock = 64;

/// A row of work, as kernel.attention describes it.
using WorkItem = std::array<int32_t, 6>;

/// The items of all heads of all segments, the longest first. `segments` are offsets: where each
/// begins, and last the number of tokens.
std::vector<WorkItem> queryWork(std::span<const int32_t> segments, int32_t heads);
std::vector<WorkItem> keyWork(std::span<const int32_t> segments, int32_t keyValueHeads);

/// The places of each value of a column: `ids[i]` is at `members[starts[i]]` to
/// `members[starts[i + 1] - 1]`, in order. Buffers are named after the column: token.ids,
/// token.members, token.starts; the extents token.distinct and token.starts count ids and starts.
struct Occurrences {
  std::vector<int32_t> ids, starts, members;
};
Occurrences occurrences(std::span<const int32_t> column);

} // namespace roux
