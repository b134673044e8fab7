//===- SequenceEnvironment.h - what expressions read of a row -------------===//
//
// The attributes of section 4 of the language for one row of data: record and
// tokens are made only when an expression asks for them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Expression.h"
#include "runtime/data/pipeline/PipelineRunner.h"

namespace roux::data {

class SequenceEnvironment : public Environment {
public:
  /// For row number `index` of a step's input. `tokens` may be given where they are known.
  SequenceEnvironment(const PipelineRunner &runner, const DataStep &step, const Row &row,
                      uint64_t index, Workspace &workspace,
                      const TokenizedRecord *tokens = nullptr);

  roux::Value read(const Expression::Node &node) const override;
  void forEach(Scope inner, Scope outer, bool all,
               const std::function<void(const Environment &)> &visit) const override;
  double draw(Scope scope, uint32_t draw) const override;

  const TokenizedRecord &tokens() const;
  SeedTree draws() const { return runner.drawsOf(step, row); }
  /// Whether a reduction has visited no row at all, so that `all` was true and a sum 0.
  bool visitedNothing() const { return foundNothing; }

private:
  friend class InnerEnvironment;

  roux::Value readField(std::string_view name) const;

  const PipelineRunner &runner;
  const DataStep &step;
  Row row;
  uint64_t index;
  Workspace &workspace;
  mutable const TokenizedRecord *known;
  mutable TokenizedRecord own;
  mutable bool foundNothing = false;
};

/// A token, turn or span inside a sequence.
class InnerEnvironment : public Environment {
public:
  /// Turn and Span: `range` is what it covers; Token: the one token.
  InnerEnvironment(const SequenceEnvironment &outer, Scope scope, uint32_t index, TokenRange range)
      : outer(outer), scope(scope), index(index), range(range) {}

  roux::Value read(const Expression::Node &node) const override;
  void forEach(Scope inner, Scope of, bool all,
               const std::function<void(const Environment &)> &visit) const override;
  double draw(Scope at, uint32_t draw) const override;

private:
  roux::Value readAround(const Expression::Node &node) const;

  const SequenceEnvironment &outer;
  Scope scope;
  uint32_t index;
  TokenRange range;
};

} // namespace roux::data
