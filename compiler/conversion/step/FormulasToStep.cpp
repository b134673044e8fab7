//===- FormulasToStep.cpp - a recipe's loss and weight as a step's regions ===//
//
// A formula becomes operations in one place, compiler/import. Here its arithmetic
// is copied in the type that the step computes in, what it reads becomes arguments,
// and what only a host can look up is refused where it was written.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/step/FormulasToStep.h"

#include "dialects/Step/Step.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using roux::Expression, roux::LocateNode, roux::WeightFormula, roux::WeightInput;
using namespace roux::step;

namespace {

/// Copies one formula to the end of a block.
class FormulaCopy {
public:
  FormulaCopy(Block *block, FloatType type, ArrayRef<WeightInput> inputs, Location place)
      : b(place, OpBuilder::atBlockEnd(block)), block(block), type(type), inputs(inputs) {}

  /// What it comes to. Fails with a diagnostic.
  FailureOr<Value> copy(const Expression &formula, LocateNode locate);

private:
  /// Of a value that is read; null for what no kernel knows.
  Value argumentOf(roux::recipe::ReadOp read);
  Value argumentOf(roux::recipe::LetValueOp input);
  Value copy(Operation &op);
  Value copyArithmetic(Operation &op);
  /// x - y * floor(x / y): the remainder with the divisor's sign.
  Value modulo(Value x, Value y);
  Value constant(double value) { return arith::ConstantOp::create(b, b.getFloatAttr(type, value)); }

  ImplicitLocOpBuilder b;
  Block *block;
  FloatType type;
  ArrayRef<WeightInput> inputs;
  IRMapping known;
};

} // namespace

Value FormulaCopy::argumentOf(roux::recipe::ReadOp read) {
  using enum roux::recipe::Attribute_;
  if (read.getAttribute() == logp)
    return block->getArgument(read.getScope() == roux::recipe::Scope::chosen ? 0 : 1);
  if (read.getAttribute() == nll)
    return block->getArgument(0);
  return read.getAttribute() == logsumexp ? block->getArgument(1) : Value();
}

Value FormulaCopy::argumentOf(roux::recipe::LetValueOp input) {
  for (auto [index, each] : llvm::enumerate(inputs))
    if (input.getName() == each.name)
      return block->getArgument(2 + index);
  return {};
}

Value FormulaCopy::modulo(Value x, Value y) {
  Value whole = math::FloorOp::create(b, arith::DivFOp::create(b, x, y));
  return arith::SubFOp::create(b, x, arith::MulFOp::create(b, y, whole));
}

Value FormulaCopy::copyArithmetic(Operation &op) {
  if (!isa_and_present<arith::ArithDialect, math::MathDialect>(op.getDialect()))
    return {};
  Value result = b.clone(op, known)->getResult(0);
  if (isa<FloatType>(result.getType()))
    result.setType(type);
  return result;
}

Value FormulaCopy::copy(Operation &op) {
  b.setLoc(op.getLoc());
  auto at = [&](Value value) { return known.lookup(value); };
  return llvm::TypeSwitch<Operation *, Value>(&op)
      .Case<roux::recipe::ReadOp, roux::recipe::LetValueOp>([&](auto read) {
        Value argument = argumentOf(read);
        if (!argument)
          emitError(op.getLoc()) << "this is not known inside a loss";
        return argument;
      })
      .Case([&](arith::ConstantOp number) -> Value {
        if (auto value = dyn_cast<FloatAttr>(number.getValue()))
          return constant(value.getValueAsDouble());
        return copyArithmetic(op);
      })
      .Case([&](arith::UIToFPOp truth) {
        return arith::SelectOp::create(b, at(truth.getIn()), constant(1), constant(0));
      })
      .Case([&](roux::recipe::ModOp mod) { return modulo(at(mod.getLhs()), at(mod.getRhs())); })
      .Default([&](Operation *) {
        Value copied = copyArithmetic(op);
        if (!copied)
          emitError(op.getLoc())
              << "this cannot be computed inside a loss, which knows one token: its token.nll, its "
                 "token.logsumexp and what the plan says of it";
        return copied;
      });
}

FailureOr<Value> FormulaCopy::copy(const Expression &formula, LocateNode locate) {
  Region imported;
  roux::importExpression(*type.getContext(), formula, /*truth=*/false, imported, locate);
  for (Operation &op : imported.front().without_terminator()) {
    Value copied = copy(op);
    if (!copied)
      return failure();
    known.map(op.getResult(0), copied);
  }
  auto result = cast<roux::recipe::ResultOp>(imported.front().getTerminator());
  return known.lookup(result.getValue());
}

/// A block of `count` values of `type` in the empty region.
static Block *addBlock(Region &region, FloatType type, size_t count, Location place) {
  SmallVector<Type> types(count, type);
  SmallVector<Location> places(count, place);
  Block &block = region.emplaceBlock();
  block.addArguments(types, places);
  return &block;
}

static void yield(Block *block, Location place, Value result) {
  OpBuilder builder = OpBuilder::atBlockEnd(block);
  YieldOp::create(builder, place, result);
}

llvm::LogicalResult roux::step::buildLoss(const Expression *loss, Region &region, FloatType type,
                                          Location place, LocateNode locate) {
  Block *block = addBlock(region, type, 2, place);
  FailureOr<mlir::Value> result(block->getArgument(0));
  if (loss && !loss->empty())
    result = FormulaCopy(block, type, {}, place).copy(*loss, locate);
  if (succeeded(result))
    yield(block, place, *result);
  return result;
}

llvm::LogicalResult roux::step::buildWeight(const WeightFormula *weight, Region &region,
                                            Location place, LocateNode locate) {
  ArrayRef<WeightInput> inputs;
  if (weight)
    inputs = weight->inputs;
  FloatType type = Float64Type::get(place.getContext());
  Block *block = addBlock(region, type, 2 + inputs.size(), place);
  OpBuilder builder = OpBuilder::atBlockEnd(block);
  FailureOr<mlir::Value> result;
  if (weight && !weight->formula.empty())
    result = FormulaCopy(block, type, inputs, place).copy(weight->formula, locate);
  else
    result = arith::ConstantOp::create(builder, place, builder.getF64FloatAttr(1)).getResult();
  if (succeeded(result))
    yield(block, place, *result);
  return result;
}

llvm::LogicalResult roux::step::buildPairLoss(const WeightFormula &loss, Region &region,
                                              Location place, LocateNode locate) {
  FloatType type = Float64Type::get(place.getContext());
  Block *block = addBlock(region, type, 2 + loss.inputs.size(), place);
  FailureOr<mlir::Value> result =
      FormulaCopy(block, type, loss.inputs, place).copy(loss.formula, locate);
  if (succeeded(result))
    yield(block, place, *result);
  return result;
}
