//===- TokenRuns.h - labels and roles of a sequence as stretches ----------===//
//
// Nearly every label is the token it stands at, and neighbours have one role. So a
// store keeps where stretches begin and end instead of five bytes a token, and this
// is how they are read: by token, as if they were written out.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace roux::data {

/// The label of a token that is not to be predicted.
inline constexpr int32_t noLabel = -1;

/// Tokens [begin, end) of a sequence.
struct TokenRange {
  uint32_t begin = 0;
  uint32_t end = 0;
  uint32_t size() const { return end - begin; }
  bool operator==(const TokenRange &) const = default;
};

/// A label that is not the id of its token; LongAlign's ends are such.
struct OtherLabel {
  uint32_t token;
  int32_t label;
};

/// Tokens from `begin` to the next run have this role.
struct RoleRun {
  uint32_t begin;
  uint32_t role;
};

/// The first of `ranges`, which ascend and are disjoint, that ends behind `token`.
inline std::span<const TokenRange>::iterator findRange(std::span<const TokenRange> ranges,
                                                       uint32_t token) {
  return std::upper_bound(
      ranges.begin(), ranges.end(), token,
      [](uint32_t value, const TokenRange &range) { return value < range.end; });
}

class LabelRuns {
public:
  LabelRuns() = default;
  /// Tokens inside `set` have a label: their own id, or what `others` says. Both ascend.
  LabelRuns(std::span<const int32_t> ids, std::span<const TokenRange> set,
            std::span<const OtherLabel> others)
      : ids(ids), set(set), others(others) {}

  uint32_t size() const { return static_cast<uint32_t>(ids.size()); }
  int32_t operator[](uint32_t token) const {
    auto run = findRange(set, token);
    if (run == set.end() || token < run->begin)
      return noLabel;
    if (others.empty())
      return ids[token];
    auto other =
        std::lower_bound(others.begin(), others.end(), token,
                         [](const OtherLabel &each, uint32_t value) { return each.token < value; });
    return other != others.end() && other->token == token ? other->label : ids[token];
  }
  /// How many labels are set in `tokens`.
  uint32_t count(TokenRange tokens) const {
    uint32_t found = 0;
    for (auto run = findRange(set, tokens.begin); run != set.end() && run->begin < tokens.end;
         ++run)
      found += std::min(run->end, tokens.end) - std::max(run->begin, tokens.begin);
    return found;
  }

private:
  std::span<const int32_t> ids;
  std::span<const TokenRange> set;
  std::span<const OtherLabel> others;
};

class RoleRuns {
public:
  RoleRuns() = default;
  /// `runs` ascend and the first begins at 0, unless there are no tokens.
  RoleRuns(std::span<const RoleRun> runs, uint32_t tokens) : runs(runs), tokens(tokens) {}

  uint32_t size() const { return tokens; }
  uint8_t operator[](uint32_t token) const {
    auto behind =
        std::upper_bound(runs.begin(), runs.end(), token,
                         [](uint32_t value, const RoleRun &run) { return value < run.begin; });
    return behind == runs.begin() ? 0 : static_cast<uint8_t>(std::prev(behind)->role);
  }

private:
  std::span<const RoleRun> runs;
  uint32_t tokens = 0;
};

} // namespace roux::data
