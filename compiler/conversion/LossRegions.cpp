//===- LossRegions.cpp - a recipe's loss and weight as regions ------------===//
//
// One block argument a number that is read; what it was cut from is the caller's.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/LossRegions.h"

#include "dialects/Step/Step.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using roux::Expression, roux::LocateNode, roux::WeightFormula, roux::WeightInput;
using namespace roux::step;

/// A block of `count` values of `type` in the empty region.
static Block *addBlock(OpBuilder &builder, Region &region, FloatType type, size_t count,
                       Location place) {
  SmallVector<Type> types(count, type);
  SmallVector<Location> places(count, place);
  return builder.createBlock(&region, region.end(), types, places);
}

/// The block's value of a model value; null for anything else.
static Value modelValue(Block *block, const Expression::Node &node) {
  if (node.operation != roux::Operation::Read)
    return {};
  if (node.attribute == roux::Attribute::Nll)
    return block->getArgument(0);
  return node.attribute == roux::Attribute::LogSumExp ? block->getArgument(1) : Value();
}

llvm::LogicalResult roux::step::buildLoss(const Expression *loss, Region &region, FloatType type,
                                          Location place, LocateNode locate) {
  OpBuilder builder(type.getContext());
  Block *block = addBlock(builder, region, type, 2, place);
  FailureOr<mlir::Value> result(block->getArgument(0));
  if (loss && !loss->empty())
    result = emitExpression(*loss, builder, type, locate,
                            [&](const Expression::Node &node) { return modelValue(block, node); });
  if (failed(result))
    return failure();
  YieldOp::create(builder, place, *result);
  return success();
}

llvm::LogicalResult roux::step::buildWeight(const WeightFormula *weight, Region &region,
                                            Location place, LocateNode locate) {
  OpBuilder builder(place.getContext());
  FloatType type = builder.getF64Type();
  ArrayRef<WeightInput> inputs;
  if (weight)
    inputs = weight->inputs;
  Block *block = addBlock(builder, region, type, 2 + inputs.size(), place);
  auto read = [&](const Expression::Node &node) -> mlir::Value {
    for (auto [index, input] : llvm::enumerate(inputs))
      if (node.operation == roux::Operation::Let && input.name == node.text)
        return block->getArgument(2 + index);
    return modelValue(block, node);
  };
  FailureOr<mlir::Value> result;
  if (weight && !weight->formula.empty())
    result = emitExpression(weight->formula, builder, type, locate, read);
  else
    result = arith::ConstantOp::create(builder, place, builder.getF64FloatAttr(1)).getResult();
  if (failed(result))
    return failure();
  YieldOp::create(builder, place, *result);
  return success();
}
