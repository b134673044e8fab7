//===- ScalarDerivative.cpp - one rule an operation -----------------------===//
//
// Forward mode, one tangent an argument; a null tangent is zero, so formulas
// stay as short as the recipe wrote them. Tangents of a branch not taken are
// selected away, never multiplied by zero: an infinity there does no harm.
//
//===----------------------------------------------------------------------===//
#include "dialects/Step/ScalarDerivative.h"

#include "dialects/Step/Step.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <numbers>

using namespace mlir;
using namespace roux::step;

namespace {

/// Builds tangents at one operation. Null values are zeros.
struct Tangents {
  ImplicitLocOpBuilder b;
  Type type;

  Value constant(double value) { return arith::ConstantOp::create(b, b.getFloatAttr(type, value)); }
  Value add(Value x, Value y) {
    return !x ? y : !y ? x : arith::AddFOp::create(b, x, y).getResult();
  }
  Value subtract(Value x, Value y) {
    return !y ? x : !x ? negate(y) : arith::SubFOp::create(b, x, y).getResult();
  }
  Value negate(Value x) { return x ? arith::NegFOp::create(b, x).getResult() : x; }
  Value multiply(Value factor, Value x) {
    return x ? arith::MulFOp::create(b, factor, x).getResult() : x;
  }
  Value divide(Value x, Value divisor) {
    return x ? arith::DivFOp::create(b, x, divisor).getResult() : x;
  }
  Value select(Value condition, Value x, Value y) {
    if (!x && !y)
      return {};
    return arith::SelectOp::create(b, condition, x ? x : constant(0), y ? y : constant(0));
  }
  Value compare(arith::CmpFPredicate predicate, Value x, Value y) {
    return arith::CmpFOp::create(b, predicate, x, y);
  }
  Value power(Value base, Value exponent, Value result, Value dBase, Value dExponent);
  FailureOr<Value> of(Operation *op, ValueRange x, Value result, ArrayRef<Value> d);
};

/// d(x^y) = y * x^(y-1) dx + x^y * log(x) dy.
Value Tangents::power(Value base, Value exponent, Value result, Value dBase, Value dExponent) {
  Value fromBase, fromExponent;
  if (dBase) {
    Value less = arith::SubFOp::create(b, exponent, constant(1));
    Value slope = arith::MulFOp::create(b, exponent, math::PowFOp::create(b, base, less));
    fromBase = multiply(slope, dBase);
  }
  if (dExponent)
    fromExponent =
        multiply(arith::MulFOp::create(b, result, math::LogOp::create(b, base)), dExponent);
  return add(fromBase, fromExponent);
}

/// The tangent of `op`, whose operands are `x` with tangents `d` and whose value is `result`.
FailureOr<Value> Tangents::of(Operation *op, ValueRange x, Value result, ArrayRef<Value> d) {
  return llvm::TypeSwitch<Operation *, FailureOr<Value>>(op)
      .Case([&](arith::AddFOp) { return add(d[0], d[1]); })
      .Case([&](arith::SubFOp) { return subtract(d[0], d[1]); })
      .Case([&](arith::NegFOp) { return negate(d[0]); })
      .Case([&](arith::MulFOp) { return add(multiply(x[1], d[0]), multiply(x[0], d[1])); })
      .Case([&](arith::DivFOp) { return divide(subtract(d[0], multiply(result, d[1])), x[1]); })
      .Case([&](arith::MaximumFOp) {
        return select(compare(arith::CmpFPredicate::OGE, x[0], x[1]), d[0], d[1]);
      })
      .Case([&](arith::MinimumFOp) {
        return select(compare(arith::CmpFPredicate::OLE, x[0], x[1]), d[0], d[1]);
      })
      .Case([&](arith::SelectOp) { return select(x[0], d[1], d[2]); })
      .Case([&](math::AbsFOp) {
        Value negative = compare(arith::CmpFPredicate::OLT, x[0], constant(0));
        return select(negative, negate(d[0]), d[0]);
      })
      .Case([&](math::FloorOp) { return Value(); })
      .Case([&](math::ExpOp) { return multiply(result, d[0]); })
      .Case([&](math::LogOp) { return divide(d[0], x[0]); })
      .Case(
          [&](math::Log2Op) { return divide(multiply(constant(std::numbers::log2e), d[0]), x[0]); })
      .Case([&](math::SqrtOp) { return divide(multiply(constant(0.5), d[0]), result); })
      .Case([&](math::PowFOp) { return power(x[0], x[1], result, d[0], d[1]); })
      .Default([](Operation *) { return FailureOr<Value>(); });
}

} // namespace

llvm::LogicalResult roux::step::buildDerivatives(Region &formula, unsigned count, Region &target,
                                                 OpBuilder &builder) {
  OpBuilder::InsertionGuard guard(builder);
  Block &source = formula.front();
  SmallVector<Location> locations(source.getNumArguments(), formula.getLoc());
  Block *block = builder.createBlock(&target, target.end(), source.getArgumentTypes(), locations);

  IRMapping values;
  values.map(source.getArguments(), block->getArguments());
  DenseMap<Value, SmallVector<Value>> tangents; // of values of `formula`; absent: all zero
  Type scalar = source.getArgument(0).getType();
  for (unsigned i = 0; i < count; ++i) {
    tangents[source.getArgument(i)].resize(count);
    tangents[source.getArgument(i)][i] =
        arith::ConstantOp::create(builder, formula.getLoc(), builder.getFloatAttr(scalar, 1.0));
  }
  auto tangent = [&](Value value, unsigned i) {
    auto found = tangents.find(value);
    return found == tangents.end() ? Value() : found->second[i];
  };

  for (Operation &op : source.without_terminator()) {
    Operation *copy = builder.clone(op, values);
    if (op.getNumResults() != 1 || !isa<FloatType>(op.getResult(0).getType()))
      continue; // truth values and integers do not vary
    SmallVector<Value> mine(count);
    for (unsigned i = 0; i < count; ++i) {
      SmallVector<Value> operandTangents;
      for (Value operand : op.getOperands())
        operandTangents.push_back(tangent(operand, i));
      if (llvm::none_of(operandTangents, [](Value v) { return static_cast<bool>(v); }))
        continue;
      Tangents rules{ImplicitLocOpBuilder(op.getLoc(), builder), scalar};
      FailureOr<Value> built =
          rules.of(&op, copy->getOperands(), copy->getResult(0), operandTangents);
      if (failed(built))
        return op.emitOpError() << "has no derivative, so it cannot be part of a loss";
      mine[i] = *built;
    }
    if (llvm::any_of(mine, [](Value v) { return static_cast<bool>(v); }))
      tangents[op.getResult(0)] = mine;
  }

  Operation *yield = source.getTerminator();
  SmallVector<Value> partials;
  for (unsigned i = 0; i < count; ++i) {
    Value partial = tangent(yield->getOperand(0), i);
    partials.push_back(partial ? partial
                               : arith::ConstantOp::create(builder, yield->getLoc(),
                                                           builder.getFloatAttr(scalar, 0.0)));
  }
  YieldOp::create(builder, yield->getLoc(), partials);
  return success();
}
