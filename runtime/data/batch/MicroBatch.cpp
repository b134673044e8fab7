//===- MicroBatch.cpp - the five columns of a portion of a step -----------===//
//
// Labels and weights stand at the token they are for in store and plan, and one row
// earlier here, at the input that predicts it.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/batch/MicroBatch.h"

#include "runtime/data/SeedTree.h"
#include "runtime/data/plan/PlacedTokens.h"

namespace roux::data {

namespace {

/// Which token of its sequence the `t`th is that was taken.
uint32_t placeIn(const PlacedSequence &placed, uint32_t t) {
  uint32_t at = placed.begin + t;
  return at < placed.holeBegin ? at : at + (placed.holeEnd - placed.holeBegin);
}

class Writer {
public:
  Writer(const Plan &plan, const PlanInput &input, const StepWeights &weights, MicroBatch &batch)
      : plan(plan), input(input), weights(weights), batch(batch) {}

  void clear(size_t rows) {
    for (std::vector<int32_t> *column :
         {&batch.tokens, &batch.labels, &batch.positions, &batch.segments}) {
      column->clear();
      column->reserve(rows);
    }
    batch.weights.clear();
    batch.weights.reserve(rows);
    batch.origins.clear();
    batch.origins.reserve(rows);
    batch.inputs = weights.inputs();
    inputOf.resize(batch.inputs.size());
    batch.segmentOffsets.assign(1, 0);
    batch.targets = 0;
    batch.arePairs = plan.rules().attend == Reach::Span;
    batch.references.clear();
  }

  void add(uint32_t index) {
    const PlanStep &step = weights.step();
    const PlacedSequence &placed = step.sequences[index];
    SequenceView view = input.store->view(placed.sequence);
    PlacedTokens tokens(view, placed, plan.rules().labels);
    std::vector<uint32_t> positions = makePositions(plan.rules().position, view, placed,
                                                    plan.positionDraws(step, *input.store, placed));
    weigh(index, positions);
    bool continues = plan.rules().attend == Reach::Pack && placed.offset > 0;
    if (!continues)
      batch.segmentOffsets.push_back(batch.segmentOffsets.back());
    // Plain positions count through a segment; gaps were made for the sequence alone.
    uint32_t base = continues && plan.rules().position.isPlain() ? placed.offset : 0;
    if (tokens.label(0) != noLabel)
      setLabel(batch.size() - 1, tokens.label(0), 0);
    if (batch.arePairs)
      addPair(index, placed);
    SeedTree sequence(placed.sequence);
    for (uint32_t t = 0; t < placed.positions; ++t) {
      if (batch.arePairs && t == view.spans.back().begin) { // the rejected answer
        batch.segmentOffsets.back() = static_cast<int64_t>(batch.size());
        batch.segmentOffsets.push_back(batch.segmentOffsets.back());
      }
      batch.tokens.push_back(tokens.id(t));
      batch.origins.push_back(sequence.bits(placeIn(placed, t)));
      batch.positions.push_back(static_cast<int32_t>(base + positions[t]));
      batch.segments.push_back(static_cast<int32_t>(batch.segmentOffsets.size()) - 2);
      batch.labels.push_back(noLabel);
      batch.weights.push_back(0);
      for (WeightValues &input : batch.inputs)
        if (input.perToken && !batch.arePairs)
          input.values.push_back(0);
      if (t + 1 < tokens.size() && tokens.label(t + 1) != noLabel)
        setLabel(batch.size() - 1, tokens.label(t + 1), t + 1);
    }
    batch.segmentOffsets.back() = static_cast<int64_t>(batch.size());
  }

private:
  /// The weights and inputs of the tokens of sequence `index`.
  void weigh(uint32_t index, std::span<const uint32_t> positions) {
    if (weights.readsModel())
      weightOf.assign(weights.step().sequences[index].tokens(), 0);
    else
      weights.weigh(index, positions, weightOf);
    for (size_t which = 0; which < inputOf.size() && !batch.arePairs; ++which)
      if (batch.inputs[which].perToken)
        weights.give(which, index, positions, inputOf[which]);
  }
  /// What is one number for a pair.
  void addPair(uint32_t index, const PlacedSequence &placed) {
    for (size_t which = 0; which < batch.inputs.size(); ++which)
      if (batch.inputs[which].perToken)
        batch.inputs[which].values.push_back(weights.ofPair(which, index));
    if (input.reference)
      for (double logp : (*input.reference)[placed.sequence])
        batch.references.push_back(logp);
  }
  /// Row `row` predicts token `t` of the sequence.
  void setLabel(size_t row, int32_t label, uint32_t t) {
    batch.labels[row] = label;
    batch.weights[row] = static_cast<float>(weightOf[t]);
    for (size_t which = 0; which < inputOf.size() && !batch.arePairs; ++which)
      if (batch.inputs[which].perToken)
        batch.inputs[which].values[row] = inputOf[which][t];
    ++batch.targets;
  }

  const Plan &plan;
  const PlanInput &input;
  const StepWeights &weights;
  MicroBatch &batch;
  std::vector<double> weightOf;             ///< of the tokens of a sequence
  std::vector<std::vector<double>> inputOf; ///< the same for every input
};

} // namespace

void materialize(const Plan &plan, const PlanInput &input, const StepWeights &weights,
                 const Portion &portion, MicroBatch &batch) {
  size_t rows = 0;
  for (uint32_t index : portion)
    rows += weights.step().sequences[index].positions;
  Writer writer(plan, input, weights, batch);
  writer.clear(rows);
  for (uint32_t index : portion)
    writer.add(index);
  batch.step = weights.step().index;
  batch.sequences = portion;
}

} // namespace roux::data
