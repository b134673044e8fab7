//===- HeldOutLoss.cpp - the loss of data a model was not trained on ------===//
//
// Rows of a micro-batch follow its sequences, each as long as the plan says.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/HeldOutLoss.h"

#include <cassert>

namespace roux::eval {

LossGroups heldOutLoss(NllProgram &program, const data::Plan &plan, const data::PlanInput &input,
                       const Expression &weight, const data::LoaderOptions &options) {
  LossGroups groups;
  data::BatchLoader loader(plan, input, weight, options);
  data::MicroBatch batch;
  std::vector<float> nll;
  while (loader.next(batch)) {
    nll.assign(batch.size(), 0);
    program.nll(batch, nll);
    data::PlanStep step = plan.step(batch.step);
    size_t row = 0;
    for (uint32_t index : batch.sequences) {
      const data::PlacedSequence &placed = step.sequences[index];
      const std::string &source = input.sources[input.sequences[placed.sequence].source];
      // Row r reads token r of its sequence and predicts token r + 1.
      for (uint32_t place = 1; place <= placed.positions; ++place, ++row)
        if (batch.labels[row] != data::noLabel)
          groups.add(place, source, nll[row]);
    }
    assert(row == batch.size() && "sequences and rows of a micro-batch belong together");
  }
  return groups;
}

} // namespace roux::eval
