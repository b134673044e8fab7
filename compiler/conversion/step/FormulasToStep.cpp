//===- FormulasToStep.cpp - a recipe's loss and weight as a step's regions ===//
//
// A train's formula is operations already. Here its arithmetic is copied in the type
// that the step computes in, what it reads becomes arguments, and what only a host can
// look up is refused where it was written.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/step/FormulasToStep.h"

#include "dialects/Step/Step.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace roux::step;
using roux::recipe::InputOp;

namespace {

/// Whose loss is computed, by which its block's first two arguments are known.
enum class Of { Token, Pair };

/// Copies one formula to the end of a block.
class FormulaCopy {
public:
  FormulaCopy(Of of, Block *block, FloatType type, ArrayRef<InputOp> inputs, Location place)
      : b(place, OpBuilder::atBlockEnd(block)), of(of), block(block), type(type), inputs(inputs) {}

  /// What it comes to. Fails with a diagnostic.
  FailureOr<Value> copy(Region &formula);

private:
  /// Of a value that is read; null for what no kernel knows.
  Value argumentOf(roux::recipe::ReadOp read);
  Value argumentOf(InputOp input);
  Value copy(Operation &op);
  Value copyArithmetic(Operation &op);
  /// x - y * floor(x / y): the remainder with the divisor's sign.
  Value modulo(Value x, Value y);
  Value constant(double value) { return arith::ConstantOp::create(b, b.getFloatAttr(type, value)); }

  ImplicitLocOpBuilder b;
  Of of;
  Block *block;
  FloatType type;
  ArrayRef<InputOp> inputs;
  IRMapping known;
};

} // namespace

Value FormulaCopy::argumentOf(roux::recipe::ReadOp read) {
  using enum roux::recipe::Attribute_;
  using roux::recipe::Scope;
  struct Known {
    Of of;
    Scope scope;
    roux::recipe::Attribute_ attribute;
  };
  constexpr Known known[] = {{Of::Token, Scope::token, nll},
                             {Of::Token, Scope::token, logsumexp},
                             {Of::Pair, Scope::chosen, logp},
                             {Of::Pair, Scope::rejected, logp}};
  for (auto [place, each] : llvm::enumerate(known))
    if (each.of == of && each.scope == read.getScope() && each.attribute == read.getAttribute())
      return block->getArgument(place % 2);
  return {};
}

Value FormulaCopy::argumentOf(InputOp input) {
  for (size_t i = 0; i < inputs.size(); ++i)
    if (InputOp each = inputs[i]; input.getName() == each.getName())
      return block->getArgument(2 + i);
  return {};
}

Value FormulaCopy::modulo(Value x, Value y) {
  Value whole = math::FloorOp::create(b, arith::DivFOp::create(b, x, y));
  return arith::SubFOp::create(b, x, arith::MulFOp::create(b, y, whole));
}

Value FormulaCopy::copyArithmetic(Operation &op) {
  if (!isa_and_present<arith::ArithDialect, math::MathDialect>(op.getDialect()) ||
      op.getNumResults() != 1 || isa<arith::TruncFOp, arith::ExtFOp, arith::BitcastOp>(op))
    return {}; // a formula has one type of numbers, the step's
  Value result = b.clone(op, known)->getResult(0);
  if (isa<FloatType>(result.getType()))
    result.setType(type);
  return result;
}

Value FormulaCopy::copy(Operation &op) {
  b.setLoc(op.getLoc());
  auto at = [&](Value value) { return known.lookup(value); };
  return llvm::TypeSwitch<Operation *, Value>(&op)
      .Case<roux::recipe::ReadOp, InputOp>([&](auto read) {
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
      .Case([&](arith::UIToFPOp truth) -> Value {
        if (!truth.getIn().getType().isInteger(1))
          return copyArithmetic(op);
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

FailureOr<Value> FormulaCopy::copy(Region &formula) {
  for (Operation &op : formula.front().without_terminator()) {
    Value copied = copy(op);
    if (!copied)
      return failure();
    known.map(op.getResult(0), copied);
  }
  auto result = cast<roux::recipe::ResultOp>(formula.front().getTerminator());
  return known.lookup(result.getValue());
}

SmallVector<InputOp> roux::step::inputsOf(ArrayRef<Region *> formulas) {
  SmallVector<InputOp> inputs;
  for (Region *formula : formulas)
    if (formula)
      for (auto input : formula->getOps<InputOp>())
        if (llvm::none_of(inputs, [&](InputOp each) { return each.getName() == input.getName(); }))
          inputs.push_back(input);
  return inputs;
}

bool roux::step::readsPairs(Region &loss) {
  using enum roux::recipe::Scope;
  return loss
      .walk([](roux::recipe::ReadOp read) {
        bool isOfPair = read.getScope() == chosen || read.getScope() == rejected;
        return isOfPair ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

Location roux::step::placeOf(Region &formula) {
  return formula.front().getTerminator()->getLoc();
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

llvm::LogicalResult roux::step::buildLoss(Region *loss, Region &region, FloatType type,
                                          Location place) {
  Block *block = addBlock(region, type, 2, place);
  FailureOr<Value> result(block->getArgument(0));
  if (loss)
    result = FormulaCopy(Of::Token, block, type, {}, place).copy(*loss);
  if (succeeded(result))
    yield(block, place, *result);
  return result;
}

llvm::LogicalResult roux::step::buildWeight(Region *weight, Region &region, Location place) {
  SmallVector<InputOp> inputs = inputsOf(weight);
  FloatType type = Float64Type::get(place.getContext());
  Block *block = addBlock(region, type, 2 + inputs.size(), place);
  OpBuilder builder = OpBuilder::atBlockEnd(block);
  FailureOr<Value> result;
  if (weight)
    result = FormulaCopy(Of::Token, block, type, inputs, place).copy(*weight);
  else
    result = arith::ConstantOp::create(builder, place, builder.getF64FloatAttr(1)).getResult();
  if (succeeded(result))
    yield(block, place, *result);
  return result;
}

llvm::LogicalResult roux::step::buildPairLoss(Region &weight, Region &loss, Region &region) {
  Location place = placeOf(loss);
  SmallVector<InputOp> inputs = inputsOf({&weight, &loss});
  FloatType type = Float64Type::get(place.getContext());
  Block *block = addBlock(region, type, 2 + inputs.size(), place);
  FormulaCopy formula(Of::Pair, block, type, inputs, place);
  FailureOr<Value> first = formula.copy(weight);
  FailureOr<Value> second = failed(first) ? first : formula.copy(loss);
  if (failed(second))
    return failure();
  OpBuilder builder = OpBuilder::atBlockEnd(block);
  yield(block, place, arith::MulFOp::create(builder, place, *first, *second));
  return success();
}
