//===- Similarity.cpp - how alike two lines are, by `difflib` -------------===//
//
// The longest match first, then what lies to its left and to its right. Ties go to
// the earliest place in the first text, then in the second.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/metrics/Similarity.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace roux::eval {

namespace {

struct Block {
  size_t firstBegin, firstEnd, secondBegin, secondEnd;
};
struct Match {
  size_t first, second, size;
};

class Matcher {
public:
  Matcher(std::u32string_view first, std::u32string_view second, Frequent frequent);
  /// Characters in matches.
  size_t matched();

private:
  Match longest(const Block &block);
  void widen(const Block &block, Match &match) const;

  std::u32string_view first, second;
  std::unordered_map<char32_t, std::vector<uint32_t>> places; ///< in `second`, ascending
  /// Length of the match that ends at a place of `second`, for this character of `first` and the
  /// one before it; both all zero between searches.
  std::vector<uint32_t> ending, before;
};

} // namespace

Matcher::Matcher(std::u32string_view first, std::u32string_view second, Frequent frequent)
    : first(first), second(second), ending(second.size() + 1), before(second.size() + 1) {
  for (size_t j = 0; j < second.size(); ++j)
    places[second[j]].push_back(static_cast<uint32_t>(j));
  if (frequent == Frequent::Ignored && second.size() >= 200)
    std::erase_if(places,
                  [&](const auto &entry) { return entry.second.size() > second.size() / 100 + 1; });
}

Match Matcher::longest(const Block &block) {
  Match best{block.firstBegin, block.secondBegin, 0};
  const std::vector<uint32_t> none;
  const std::vector<uint32_t> *last = &none;
  auto clear = [&](std::vector<uint32_t> &lengths, const std::vector<uint32_t> &touched) {
    for (uint32_t j : touched)
      lengths[j + 1] = 0;
  };
  const std::vector<uint32_t> *older = &none;
  for (size_t i = block.firstBegin; i < block.firstEnd; ++i) {
    auto found = places.find(first[i]);
    const std::vector<uint32_t> &here = found == places.end() ? none : found->second;
    clear(ending, *older);
    auto begin = std::ranges::lower_bound(here, block.secondBegin);
    for (auto at = begin; at != here.end() && *at < block.secondEnd; ++at) {
      uint32_t size = ending[*at + 1] = before[*at] + 1;
      if (size > best.size)
        best = {i + 1 - size, *at + 1 - size, size};
    }
    std::swap(ending, before);
    older = last, last = &here;
  }
  clear(before, *last), clear(ending, *older);
  widen(block, best);
  return best;
}

/// Frequent characters begin no match but belong to one that they stand beside.
void Matcher::widen(const Block &block, Match &match) const {
  while (match.first > block.firstBegin && match.second > block.secondBegin &&
         first[match.first - 1] == second[match.second - 1])
    --match.first, --match.second, ++match.size;
  while (match.first + match.size < block.firstEnd && match.second + match.size < block.secondEnd &&
         first[match.first + match.size] == second[match.second + match.size])
    ++match.size;
}

size_t Matcher::matched() {
  size_t total = 0;
  std::vector<Block> open = {{0, first.size(), 0, second.size()}};
  while (!open.empty()) {
    Block block = open.back();
    open.pop_back();
    Match match = longest(block);
    if (match.size == 0)
      continue;
    total += match.size;
    size_t firstEnd = match.first + match.size, secondEnd = match.second + match.size;
    if (block.firstBegin < match.first && block.secondBegin < match.second)
      open.push_back({block.firstBegin, match.first, block.secondBegin, match.second});
    if (firstEnd < block.firstEnd && secondEnd < block.secondEnd)
      open.push_back({firstEnd, block.firstEnd, secondEnd, block.secondEnd});
  }
  return total;
}

double matchRatio(std::u32string_view first, std::u32string_view second, Frequent frequent) {
  size_t length = first.size() + second.size();
  if (length == 0)
    return 1;
  return 2.0 * static_cast<double>(Matcher(first, second, frequent).matched()) /
         static_cast<double>(length);
}

double fuzzRatio(std::u32string_view first, std::u32string_view second) {
  if (first == second)
    return 100;
  if (first.empty() || second.empty())
    return 0;
  // Python's round() takes halves to the even side, as the default mode of the processor does.
  return std::nearbyint(100 * matchRatio(first, second, Frequent::Ignored));
}

} // namespace roux::eval
