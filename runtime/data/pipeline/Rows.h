//===- Rows.h - the rows of each step, as references ----------------------===//
//
// Data stay in their files. A row says which step made it and from which row of
// that step's input, so its tokens can be made again at any time, in any order,
// on any thread. Rows themselves are made when they are asked for: a step that
// selects or orders keeps four bytes a row, most others nothing.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace roux::data {

struct Row {
  uint64_t parent;   ///< Read: the record's index in its source; Join: the group;
                     ///< else a row of the input of `step`
  uint64_t key;      ///< the row's place in the tree of seeds; equal only for equal
                     ///< origins
  uint32_t step;     ///< the last step that made or changed the content
  uint32_t part;     ///< which piece of a split record
  uint32_t copy = 0; ///< which of equal rows, from 0
  uint32_t begin = 0,
           end = 0; ///< Split: the tokens of the input that this piece has
};

/// What a step gives. Kept while the pipeline lives, since later rows refer to it.
class StepRows {
public:
  /// More than any data set has and than a plan counts to; beyond it a `repeat`
  /// is a mistake.
  static constexpr uint64_t most = uint64_t(1) << 31;

  uint64_t size() const { return count; }
  Row operator[](uint64_t row) const { return at(row); }
  /// One more than the largest Row::copy.
  uint64_t copies() const { return copyCount; }
  /// Join: rows of the input that became row `row`.
  std::span<const uint32_t> group(uint64_t row) const {
    return std::span(members).subspan(begins[row], begins[row + 1] - begins[row]);
  }

  /// `count` rows, which `at` makes; it must be safe on many threads.
  void set(uint64_t rows, uint64_t copies, std::function<Row(uint64_t)> make) {
    count = rows;
    copyCount = copies;
    at = std::move(make);
  }
  /// Rows of `input`, in this order.
  void select(const StepRows &input, std::vector<uint32_t> order) {
    set(order.size(), input.copies(),
        [&input, order = std::move(order)](uint64_t row) { return input[order[row]]; });
  }
  /// The groups of a join, before set().
  void setGroups(std::vector<uint32_t> all, std::vector<uint64_t> starts) {
    members = std::move(all);
    begins = std::move(starts);
  }

private:
  uint64_t count = 0, copyCount = 1;
  std::function<Row(uint64_t)> at;
  std::vector<uint32_t> members;
  std::vector<uint64_t> begins;
};

} // namespace roux::data
