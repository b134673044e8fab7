//===- Rows.h - the rows of each step, as references ----------------------===//
//
// Data stay in their files. A row says which step made it and from which row of
// that step's input, so its tokens can be made again at any time, in any order,
// on any thread; selecting and ordering move 32 bytes a row.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <vector>

namespace roux::data {

struct Row {
  uint64_t parent; ///< Read: the record's index in its source; Join: the group; else a row of the
                   ///< input of `step`
  uint64_t key;    ///< the row's place in the tree of seeds; equal only for equal origins
  uint32_t step;   ///< the last step that made or changed the content
  uint32_t part;   ///< which piece of a split record, plus 2^24 for each further copy of it
  uint32_t begin = 0, end = 0; ///< Split: the tokens of the input that this piece has
};

/// What a step gives. Kept while the pipeline lives, since later rows refer to it.
struct StepRows {
  std::vector<Row> rows;
  std::vector<std::vector<uint64_t>> groups; ///< Join: rows of the input that became one
};

} // namespace roux::data
