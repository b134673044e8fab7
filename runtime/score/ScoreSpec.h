//===- ScoreSpec.h - what a score asks of its models ----------------------===//
//
// A checked `score` as plain values. Nothing of `run` is in it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Expression.h"
#include "runtime/data/pipeline/DataPipeline.h"

#include <optional>

namespace roux::score {

/// `pairs: earlier(…)`: each span with each one before it.
struct PairRule {
  uint64_t sample = 0;      ///< so many are drawn; 0: every pair
  bool fewerIsNone = false; ///< a sequence with fewer has no score; else all it has are scored
};

struct Let {
  std::string name;
  Expression value;
};

struct ScoreSpec {
  std::string name;
  Scope scope = Scope::Sequence;   ///< what the value belongs to: Token, Turn, Span or Sequence
  std::vector<std::string> models; ///< asked, by name; perplexity() asks the one named ""
  std::optional<data::SpanRule> spans;
  std::optional<PairRule> pairs;
  std::vector<Let> lets; ///< each after the ones it reads
  Expression value;
  std::optional<double> nan;       ///< the score where the value is no number
  std::optional<uint32_t> overlap; ///< of windows, for texts longer than a context; none: an error
};

} // namespace roux::score
