//===- AskQueue.h - many short questions in one launch --------------------===//
//
// A score asks for spans of a hundred tokens by the thousand. Laid end to end as
// segments of one stream they cost what their tokens cost.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/pipeline/TokenizedRecord.h"
#include "runtime/train/ModelProgram.h"

#include <compare>
#include <optional>

namespace roux::score {

/// How well model `model` predicts the tokens `of` of a record after those of `given`, adjacent,
/// wherever both stand. The first of `of` is not predicted, also where something is given, so that
/// the same tokens are compared.
struct Ask {
  uint32_t model = 0;
  data::TokenRange given{}, of{};

  auto order() const { return std::tuple(model, given.begin, given.end, of.begin, of.end); }
  bool operator<(const Ask &other) const { return order() < other.order(); }
};

/// Of each token of `of`; not a number where it is not predicted.
struct Answer {
  std::vector<float> nll, logsumexp;
};

/// Texts that do not fit the model they are put to; without a place, which the caller knows.
struct AskError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class AskQueue {
public:
  /// `overlap`: tokens that the windows of a text longer than a context share; none: it is an
  /// error.
  AskQueue(std::vector<train::ModelProgram *> models, std::optional<uint32_t> overlap);

  /// Puts a question whose answer is there after flush(); `record` and `answer` live until then.
  /// Throws AskError.
  void push(const data::TokenizedRecord &record, const Ask &ask, Answer &answer);
  /// Tokens that wait.
  uint64_t waiting() const { return tokens; }
  void flush();

private:
  /// Tokens `of` after `given`, those from `first` on to be predicted.
  struct Segment {
    const data::TokenizedRecord *record;
    data::TokenRange given, of;
    uint32_t first, begin; ///< begin: of the whole question, where the answer begins
    Answer *answer;
    uint64_t inputs() const { return given.size() + of.size() - 1; }
  };
  void launch(train::ModelProgram &model, std::span<const Segment> segments);

  std::vector<train::ModelProgram *> models;
  std::optional<uint32_t> overlap;
  std::vector<std::vector<Segment>> segments; ///< by model
  uint64_t tokens = 0;
};

} // namespace roux::score
