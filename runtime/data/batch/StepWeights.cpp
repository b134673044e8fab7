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
                         const PlanStep &step, std::vector<WeightInput> inputs)
    : input(input), plan(plan), planStep(step),
      draws(SeedTree(plan.rules().seed) / plan.rules().construct / "weight" / step.counts.epoch) {
  if (expression.empty())
    throw PlanError("a step without a weight expression");
  RowScope row(input, plan, planStep, draws);
  weight = foldScope(expression, row, Scope::Step);
  for (WeightInput &each : inputs) {
    perToken.push_back(foldScope(each.value, row, Scope::Step));
    ofStep.push_back({std::move(each.name), each.perToken, {}});
    if (!each.perToken)
      ofStep.back().values = {evaluateNumber(perToken.back(), row)};
  }
}

void StepWeights::refuse(uint32_t index, uint32_t token, double value) const {
  throw PlanError(fmt::format("the weight of token {} of {} in step {} is {}, expected a number",
                              token, input.name(planStep.sequences[index].sequence), planStep.index,
                              value));
}

void StepWeights::evaluate(const Expression &expression, uint32_t index,
                           std::span<const uint32_t> positions, std::vector<double> &values) const {
  const PlacedSequence &placed = planStep.sequences[index];
  values.assign(placed.tokens(), 0.0);
  if (placed.targets == 0)
    return;
  RowScope row = RowScope(input, plan, planStep, draws).at(index);
  Expression ofSequence = foldScope(expression, row, Scope::Sequence);
  bool isNumber = ofSequence.root().operation == Operation::Number;
  PlacedTokens tokens(input.store->view(placed.sequence), placed, plan.rules().labels);
  for (uint32_t t = 0; t < tokens.size(); ++t)
    if (tokens.label(t) != noLabel)
      values[t] = isNumber ? ofSequence.root().number
                           : evaluateNumber(ofSequence, row.atToken(t, positions));
}

void StepWeights::weigh(uint32_t index, std::span<const uint32_t> positions,
                        std::vector<double> &weights) const {
  evaluate(weight, index, positions, weights);
  for (uint32_t t = 0; t < weights.size(); ++t)
    if (!std::isfinite(weights[t]))
      refuse(index, t, weights[t]);
}

void StepWeights::give(size_t which, uint32_t index, std::span<const uint32_t> positions,
                       std::vector<double> &values) const {
  evaluate(perToken[which], index, positions, values);
}

double StepWeights::ofPair(size_t which, uint32_t index) const {
  double value = evaluateNumber(perToken[which], RowScope(input, plan, planStep, draws).at(index));
  if (!std::isfinite(value))
    throw PlanError(fmt::format("'{}' of {} in step {} is {}, expected a number",
                                ofStep[which].name, input.name(planStep.sequences[index].sequence),
                                planStep.index, value));
  return value;
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
    bool isPair = plan.rules().attend == Reach::Span; // which weighs as much as each of its targets
    for (uint32_t t = 0; t < each.size(); ++t) {
      sum = isPair ? std::max(sum, each[t]) : sum + each[t];
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
