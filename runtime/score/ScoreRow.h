//===- ScoreRow.h - what a score's expressions see ------------------------===//
//
// A row inside another is a copy that knows one thing more, as in the plan's.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/score/ScoredRecord.h"

namespace roux::score {

class ScoreRow : public Environment {
public:
  /// Lets that are known, by name and row.
  using Memory = std::map<std::tuple<std::string_view, uint32_t, uint32_t, uint32_t>, double>;

  /// The whole record. All must outlive this and the rows inside it.
  ScoreRow(const ScoredRecord &record, const Environment &sequence, Memory &memory)
      : record(record), sequence(sequence), memory(memory) {}

  ScoreRow atToken(uint32_t index) const;
  /// A span or turn.
  ScoreRow atRange(Scope scope, uint32_t index) const;

  Value read(const Expression::Node &node) const override;
  void forEach(Scope inner, Scope outer, bool all,
               const std::function<void(const Environment &)> &visit) const override;
  double draw(Scope scope, uint32_t draw) const override;

private:
  static constexpr uint32_t none = UINT32_MAX;

  ScoreRow atPair(const Pair &pair) const;
  data::TokenRange rangeOf(Scope scope) const;
  Value readLet(const Expression::Node &node) const;
  double readModel(const Expression::Node &node) const;
  double perplexity(const Expression::Node &node) const;
  Value readRange(const Expression::Node &node) const;
  Value readToken(const Expression::Node &node) const;

  const ScoredRecord &record;
  const Environment &sequence;
  Memory &memory;
  uint32_t token = none, span = none, turn = none, later = none, earlier = none;
};

} // namespace roux::score
