//===- RowScope.h - what a recipe's expressions see of a plan -------------===//
//
// Steps, packs, sequences, turns, spans and tokens are rows of a plan; an
// expression is evaluated at one of them and may read the rows around it and
// reduce over the rows inside. Model values do not exist here and are refused.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Expression.h"
#include "runtime/data/SeedTree.h"
#include "runtime/data/plan/PlacedTokens.h"
#include "runtime/data/plan/Plan.h"
#include "runtime/data/plan/PlanInput.h"

#include <optional>
#include <span>

namespace roux::data {

class RowScope final : public Environment {
public:
  /// A sequence by itself, as `position:` sees it. `draws` is the sequence's own.
  RowScope(const PlanInput &input, const PlacedSequence &placed, SeedTree draws);
  /// A step of a plan. `draws` is the construct's, for the step's epoch.
  RowScope(const PlanInput &input, const Plan &plan, const PlanStep &step, SeedTree draws);

  /// Rows inside this one; what they refer to must outlive them.
  RowScope at(const PlannedPack &pack) const;
  /// `index` counts from the step's first sequence.
  RowScope at(uint32_t index) const;
  /// Token t of the current sequence; `positions` are those of its inputs.
  RowScope atToken(uint32_t t, std::span<const uint32_t> positions) const;

  Value read(const Expression::Node &node) const override;
  void forEach(Scope inner, Scope outer, bool all,
               const std::function<void(const Environment &)> &visit) const override;
  double draw(Scope scope, uint32_t draw) const override;

private:
  using Visit = std::function<void(const Environment &)>;
  Value readStep(const Expression::Node &node) const;
  Value readPack(const Expression::Node &node) const;
  Value readSequence(const Expression::Node &node) const;
  Value readRange(const Expression::Node &node) const;
  Value readAnswer(const Expression::Node &node) const;
  Value readToken(const Expression::Node &node) const;
  Value readAttribute(const char *prefix, const Expression::Node &node) const;
  /// The place of a token score in the store.
  uint32_t scoreNamed(std::string_view name) const;
  [[noreturn]] void refuse(const Expression::Node &node) const;
  void forEachToken(Scope outer, bool all, const Visit &visit) const;
  void forEachRange(Scope kind, bool all, const Visit &visit) const;
  /// The turn or span that the current row is in; null where it is in none.
  const TokenRange *range(Scope kind) const;
  SequenceView view() const;

  const PlanInput *input;
  const Plan *plan = nullptr;
  const PlanStep *step = nullptr;
  const PlannedPack *pack = nullptr;
  const PlacedSequence *placed = nullptr;
  uint32_t sequenceIndex = 0;         ///< in the step
  std::optional<PlacedTokens> tokens; ///< of the current sequence, once a row inside is entered
  std::optional<uint32_t> token;      ///< in the current sequence
  const TokenRange *turn = nullptr;   ///< entered by a reduction
  const TokenRange *span = nullptr;   ///< entered by a reduction
  std::span<const uint32_t> positions;
  SeedTree draws;
};

} // namespace roux::data
