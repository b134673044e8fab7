//===- VerifyAccumulate.cpp - sums that are formed in place ---------------===//
//
// An accumulator is storage that its function was given. Whoever reads it beside the sum
// would read it before or after, which no order of values says.
//
//===----------------------------------------------------------------------===//
#include "dialects/Step/Step.h"

using namespace mlir;
using namespace roux::step;

/// What `sum` adds to; null where it is no sum in place.
static Value accumulatorOf(Value sum) {
  if (auto accumulate = sum.getDefiningOp<AccumulateOp>())
    return accumulate.getAccumulator();
  auto layers = sum.getDefiningOp<LayersGradOp>();
  if (!layers || sum == layers.getInputGradient())
    return {};
  size_t place = cast<OpResult>(sum).getResultNumber() - 1; // it may not have been verified yet
  return place < layers.getAccumulators().size() ? layers.getAccumulators()[place] : Value();
}

Value roux::step::accumulatedInto(Value sum) {
  while (Value accumulator = accumulatorOf(sum))
    sum = accumulator;
  return sum;
}

static LogicalResult verifyAccumulator(Operation *op, Value accumulator) {
  if (!accumulatorOf(accumulator) && !isa<BlockArgument>(accumulator))
    return op->emitOpError() << "adds to what is neither an argument nor a sum into one";
  if (accumulator.hasOneUse())
    return success();
  InFlightDiagnostic report = op->emitOpError() << "adds to what is used elsewhere, too";
  for (Operation *user : accumulator.getUsers())
    if (user != op)
      report.attachNote(user->getLoc()) << "used here";
  return report;
}

LogicalResult AccumulateOp::verify() {
  return verifyAccumulator(*this, getAccumulator());
}

LogicalResult LayersGradOp::verify() {
  if (getAccumulators().getTypes() != getSums().getTypes())
    return emitOpError() << "has sums that are not of its accumulators' types";
  for (Value accumulator : getAccumulators())
    if (failed(verifyAccumulator(*this, accumulator)))
      return failure();
  return success();
}
