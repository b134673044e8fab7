//===- VerifyUpdate.cpp - what an update may write where it is -------------===//
//
// An update writes parameter and moments in place. Where two of them are one tensor, the
// second store would overwrite the first, and no size would differ.
//
//===----------------------------------------------------------------------===//
#include "dialects/Step/Verify.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace roux::step;

namespace {
/// An operand of an update, and how an argument of an entry is named that may be it.
struct Updated {
  StringRef what;
  Value value;
  StringRef attribute;
};
} // namespace

/// The attribute of `value` where it is an argument of a function.
static Attribute attributeOf(Value value, StringRef name) {
  auto argument = dyn_cast<BlockArgument>(value);
  auto function =
      argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp()) : func::FuncOp();
  return function ? function.getArgAttr(argument.getArgNumber(), name) : Attribute();
}

/// Gradient and moments have the parameter's shape; a moment may be kept in half as many bits.
static LogicalResult verifyShapes(Operation *op, ArrayRef<Updated> operands) {
  Value parameter = operands[0].value, gradient = operands[1].value;
  auto shapeOf = [](Value value) { return cast<RankedTensorType>(value.getType()).getShape(); };
  for (const Updated &each : operands.drop_front()) {
    bool isMoment = each.value != gradient;
    if (shapeOf(parameter) != shapeOf(each.value) ||
        (isMoment && elementOf(each.value) != elementOf(gradient) &&
         !elementOf(each.value).isBF16()))
      return op->emitOpError() << "parameter is " << parameter.getType() << " but " << each.what
                               << " is " << each.value.getType();
  }
  return expectAccumulation(op, parameter, gradient, "gradient");
}

static LogicalResult verifyDistinct(Operation *op, ArrayRef<Updated> operands) {
  for (const Updated &one : operands)
    for (const Updated &other : operands)
      if (&one < &other && one.value == other.value)
        return op->emitOpError() << one.what << " and " << other.what
                                 << " are one tensor but should be two: the update writes in place";
  return success();
}

/// Arguments without any name are of functions that are no entries.
static LogicalResult verifyNames(Operation *op, ArrayRef<Updated> operands) {
  for (const Updated &each : operands)
    for (StringRef name : argumentNames)
      if (Attribute found = attributeOf(each.value, name); found && name != each.attribute)
        return op->emitOpError() << each.what << " is the argument with " << name << " = " << found
                                 << " but should be one with " << each.attribute;
  Attribute parameter = attributeOf(operands[0].value, StepDialect::parameterName);
  if (attributeOf(operands[0].value, StepDialect::frozenName))
    return op->emitOpError() << "updates parameter " << parameter << ", which is frozen";
  Attribute gradient = attributeOf(operands[1].value, StepDialect::gradientName);
  if (parameter && gradient && parameter != gradient)
    return op->emitOpError() << "updates parameter " << parameter << " by the gradient of "
                             << gradient;
  return success();
}

/// A layer may be given slices of one stack as several of these, and is called for what it returns.
static LogicalResult verifyEntry(Operation *op) {
  auto function = op->getParentOfType<func::FuncOp>();
  if (!function || !function.isPrivate())
    return success();
  return op->emitOpError() << "updates in place but stands in @" << function.getSymName()
                           << ", which is no entry";
}

static LogicalResult verifyUpdate(Operation *op, ArrayRef<Updated> operands) {
  if (failed(verifyEntry(op)) || failed(verifyDistinct(op, operands)) ||
      failed(verifyShapes(op, operands)))
    return failure();
  return verifyNames(op, operands);
}

LogicalResult AdamWOp::verify() {
  return verifyUpdate(*this, {{"parameter", getParameter(), StepDialect::parameterName},
                              {"gradient", getGradient(), StepDialect::gradientName},
                              {"first moment", getFirst(), StepDialect::stateName},
                              {"second moment", getSecond(), StepDialect::stateName}});
}

LogicalResult MuonOp::verify() {
  return verifyUpdate(*this, {{"parameter", getParameter(), StepDialect::parameterName},
                              {"gradient", getGradient(), StepDialect::gradientName},
                              {"momentum", getFirst(), StepDialect::stateName}});
}
