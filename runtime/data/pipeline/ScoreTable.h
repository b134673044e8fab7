//===- ScoreTable.h - scores of records, as they are read later -----------===//
//
// What `score` found is an attribute of token, span or sequence wherever data are
// prepared. A pipeline only looks values up; how they were made it does not know.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Expression.h"
#include "runtime/data/TokenStore.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace roux::data {

/// The scores of one record.
struct RecordScore {
  std::span<const double> numbers;   ///< one, or one a span
  std::span<const TokenRange> spans; ///< of a score of spans
  std::span<const float> tokens; ///< of a score of tokens: one each; NaN where none is predicted
};

struct ScoreTable {
  std::string name;
  Scope scope = Scope::Sequence; ///< Token, Turn, Span or Sequence
  std::string definition;        ///< the data definition that was scored
  uint64_t tokenizer = 0;        ///< contentHash() of the one whose tokens were scored
  uint64_t hash = 0;             ///< of all that the scores were made from
  std::unordered_map<uint64_t, RecordScore> records; ///< by Row::key
  std::shared_ptr<const void> owner;                 ///< of the values

  const RecordScore *find(uint64_t key) const {
    auto found = records.find(key);
    return found == records.end() ? nullptr : &found->second;
  }
};

} // namespace roux::data
