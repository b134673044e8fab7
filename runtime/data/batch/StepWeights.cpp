//===- StepWeights.cpp - the weight of every target of a step -------------===//
//
// Folded three times, from the step inwards: most weights are one number for a
// sequence and cost nothing a token.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/batch/StepWeights.h"

#include "runtime/data/batch/FoldScope.h"
#include "runtime/data/plan/RowScope.h"

#include <fmt/format.h>

#include <cmath>

namespace roux::data {

StepWeights::StepWeights(const Expression &expression, const PlanInput &input, const Plan &plan,
                         const PlanStep &step)
    : input(input), plan(plan), planStep(step),
      draws(SeedTree(plan.rules().seed) / plan.rules().construct / "weight" / step.counts.epoch),
      weight(foldScope(expression, RowScope(input, plan, step, draws), Scope::Step)) {
  if (expression.empty())
    throw PlanError("a step without a weight expression");
}

void StepWeights::refuse(uint32_t index, uint32_t token, double value) const {
  throw PlanError(fmt::format("the weight of token {} of {} in step {} is {}, expected a number",
                              token, input.name(planStep.sequences[index].sequence), planStep.index,
                              value));
}

void StepWeights::weigh(uint32_t index, std::span<const uint32_t> positions,
                        std::vector<double> &weights) const {
  const PlacedSequence &placed = planStep.sequences[index];
  weights.assign(placed.tokens(), 0.0);
  if (placed.targets == 0)
    return;
  RowScope row = RowScope(input, plan, planStep, draws).at(index);
  Expression ofSequence = foldScope(weight, row, Scope::Sequence);
  bool isNumber = ofSequence.root().operation == Operation::Number;
  PlacedTokens tokens(input.store->view(placed.sequence), placed, plan.rules().labels);
  for (uint32_t t = 0; t < tokens.size(); ++t) {
    if (tokens.label(t) == noLabel)
      continue;
    weights[t] =
        isNumber ? ofSequence.root().number : evaluateNumber(ofSequence, row.atToken(t, positions));
    if (!std::isfinite(weights[t]))
      refuse(index, t, weights[t]);
  }
}

WeightSummary summarize(const StepWeights &weights, const Plan &plan, const TokenStore &store) {
  const PlanStep &step = weights.step();
  WeightSummary summary;
  std::vector<double> each;
  bool any = false;
  for (uint32_t index = 0; index < step.sequences.size(); ++index) {
    const PlacedSequence &placed = step.sequences[index];
    if (placed.targets == 0)
      continue;
    SequenceView view = store.view(placed.sequence);
    weights.weigh(
        index,
        makePositions(plan.rules().position, view, placed, plan.positionDraws(step, store, placed)),
        each);
    PlacedTokens tokens(view, placed, plan.rules().labels);
    double sum = 0;
    for (uint32_t t = 0; t < each.size(); ++t) {
      sum += each[t];
      summary.zeroWeights += each[t] == 0 && tokens.label(t) != noLabel;
    }
    summary.sum += sum;
    if (!any || sum < summary.lightest)
      summary.lightest = sum, summary.lightestIndex = index;
    if (!any || sum > summary.heaviest)
      summary.heaviest = sum, summary.heaviestIndex = index;
    any = true;
  }
  return summary;
}

} // namespace roux::data
