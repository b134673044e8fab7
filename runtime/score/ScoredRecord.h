//===- ScoredRecord.h - one record, its spans, pairs and score ------------===//
//
// Everything that a score's expressions may ask of models is asked at once; they are
// then evaluated by the one interpreter of all expressions, which looks answers up.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/SeedTree.h"
#include "runtime/score/AskQueue.h"
#include "runtime/score/ScoreFile.h"
#include "runtime/score/ScoreSpec.h"

#include <map>

namespace roux::score {

/// Indexes of spans.
struct Pair {
  uint32_t later = 0, earlier = 0;
};

class ScoredRecord {
public:
  /// `draws` is the record's place in the score's tree of seeds. `spec` must outlive this.
  ScoredRecord(const ScoreSpec &spec, data::SeedTree draws, data::TokenizedRecord tokens);

  /// Puts all that the expressions may read to the models. Throws AskError.
  void ask(AskQueue &queue);
  /// The score, after the queue's flush(). `sequence` gives what is no span's, token's or model's.
  /// Throws AskError where the value is no number and nothing says what then.
  NewScore evaluate(const Environment &sequence) const;

private:
  friend class ScoreRow;

  void drawPairs();
  void collect(const Expression &expression);
  void addAsk(const Ask &ask) { answers[ask]; }
  std::vector<data::TokenRange> rangesOf(Scope scope) const;
  uint32_t modelOf(std::string_view name) const;

  const ScoreSpec &spec;
  data::SeedTree draws;
  data::TokenizedRecord tokens;
  std::vector<Pair> pairs;       ///< by later, then earlier
  std::vector<size_t> firstPair; ///< of each later span; one more at the end
  bool hasTooFewPairs = false;
  std::map<Ask, Answer> answers;
};

} // namespace roux::score
