//===- Differentiation.cpp - backwards through a block --------------------===//
//
// Reverse program order is a valid order of gradients, and a fixed one: the
// sums come out in the same order every time.
//
//===----------------------------------------------------------------------===//
#include "compiler/transforms/Differentiation.h"

using namespace mlir;
using namespace roux::step;

DenseSet<Value> roux::step::reachedFrom(llvm::ArrayRef<Operation *> operations, ValueRange roots) {
  DenseSet<Value> reached(roots.begin(), roots.end());
  for (Operation *op : operations)
    if (llvm::any_of(op->getOperands(), [&](Value v) { return reached.contains(v); }))
      reached.insert(op->result_begin(), op->result_end());
  return reached;
}

Value GradientTable::parameterOf(Value value) const {
  auto cast = value.getDefiningOp<CastOp>();
  return cast && sums.contains(cast.getInput()) ? cast.getInput() : value;
}

void GradientTable::add(Value value, Value gradient) {
  if (!isWanted(value))
    return;
  if (Value before = sum(value))
    return setSum(value, AccumulateOp::create(builder, gradient.getLoc(), gradient, before));
  Value &sum = table[value];
  sum =
      sum ? AddOp::create(builder, gradient.getLoc(), gradient.getType(), sum, gradient) : gradient;
}

llvm::LogicalResult roux::step::differentiate(llvm::ArrayRef<Operation *> operations,
                                              OpBuilder &builder, GradientTable &gradients,
                                              DifferentiateLayers differentiateLayers) {
  auto sink = [&](Value operand, Value gradient) { gradients.add(operand, gradient); };
  for (Operation *op : llvm::reverse(operations)) {
    SmallVector<Value> owed;
    for (Value result : op->getResults())
      owed.push_back(gradients.lookup(result));
    if (llvm::none_of(owed, [](Value gradient) { return static_cast<bool>(gradient); }))
      continue;
    if (auto call = dyn_cast<LayersOp>(op)) {
      if (!owed[0] || owed.size() - llvm::count(owed, Value()) != 1)
        return op->emitOpError() << "only the stream after the last layer can be differentiated";
      if (failed(differentiateLayers(call, owed[0], gradients)))
        return failure();
      continue;
    }
    auto differentiable = dyn_cast<StepGradient>(op);
    if (!differentiable)
      return op->emitOpError() << "has no gradient, but the loss depends on a parameter through it";
    if (failed(differentiable.buildGradient(builder, owed, sink)))
      return failure();
  }
  return success();
}
