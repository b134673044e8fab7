//===- ElementwiseToKernel.cpp - what is done to each row alone -----------===//
//
// Activations and gates, residual sums, scales, caps and casts.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/EntryLowering.h"
#include "compiler/conversion/kernel/ErrorFunction.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <numbers>

using namespace mlir;
using namespace roux;

namespace {
/// An activation and its derivative at x.
struct Curve {
  Value value, slope;
};
} // namespace

static Curve silu(RowWriter &k, Value x) {
  Value one = k.number(1);
  Value s = k.div(one, k.add(one, math::ExpOp::create(k, arith::NegFOp::create(k, x))));
  Value value = k.mul(x, s);
  return {value, k.mul(s, k.add(one, k.sub(x, value)))};
}

static Curve geluTanh(RowWriter &k, Value x) {
  double root = std::sqrt(2 / std::numbers::pi), cubic = 0.044715;
  Value one = k.number(1), half = k.number(0.5), square = k.mul(x, x);
  Value inner = k.mul(k.mul(x, k.number(root)), k.add(one, k.mul(square, k.number(cubic))));
  Value t = math::TanhOp::create(k, inner), halfSum = k.mul(half, k.add(one, t));
  Value steep = k.mul(k.number(root), k.add(one, k.mul(square, k.number(3 * cubic))));
  Value rest = k.mul(k.mul(k.mul(half, x), k.sub(one, k.mul(t, t))), steep);
  return {k.mul(x, halfSum), k.add(halfSum, rest)};
}

static Curve gelu(RowWriter &k, Value x) {
  Value one = k.number(1), half = k.number(0.5);
  Value halfSum = k.mul(half, k.add(one, errorFunction(k, k.mul(x, k.number(std::sqrt(0.5))))));
  Value bell = math::ExpOp::create(k, k.mul(k.mul(x, x), k.number(-0.5)));
  Value density = k.mul(bell, k.number(std::sqrt(0.5 / std::numbers::pi)));
  return {k.mul(x, halfSum), k.add(halfSum, k.mul(x, density))};
}

static Curve relu(RowWriter &k, Value x) {
  Value zero = k.mul(x, k.number(0)); // keeps what is no number
  Value above = arith::CmpFOp::create(k, arith::CmpFPredicate::OGT, x, zero);
  Value one = arith::ConstantOp::create(
      k, DenseElementsAttr::get(cast<ShapedType>(x.getType()),
                                k.getFloatAttr(getElementTypeOrSelf(x.getType()), 1)));
  return {arith::SelectOp::create(k, above, x, zero), arith::SelectOp::create(k, above, one, zero)};
}

static Curve curve(RowWriter &k, step::ActivationKind kind, Value x) {
  switch (kind) {
  case step::ActivationKind::silu:
    return silu(k, x);
  case step::ActivationKind::gelu_tanh:
    return geluTanh(k, x);
  case step::ActivationKind::gelu:
    return gelu(k, x);
  case step::ActivationKind::relu:
    return relu(k, x);
  }
  llvm_unreachable("all kinds are above");
}

static std::string named(StringRef what, step::ActivationKind kind, Value stream) {
  return named((what + "_" + stringifyActivationKind(kind)).str(), stream);
}

static LogicalResult lower(step::ActivationOp op, EntryLowering &entry) {
  entry.launch(named("activation", op.getKind(), op.getInput()), entry.tokens(),
               {entry.buffer(op.getInput()), entry.result(op.getResult())},
               [&](RowWriter &k, ValueRange a) {
                 Value row = k.row();
                 k.store(curve(k, op.getKind(), k.load(a[0], row)).value, a[1], row);
               });
  return success();
}

static LogicalResult lower(step::ActivationGradOp op, EntryLowering &entry) {
  entry.launch(
      named("activation_gradient", op.getKind(), op.getInput()), entry.tokens(),
      {entry.buffer(op.getGradient()), entry.buffer(op.getInput()), entry.result(op.getResult())},
      [&](RowWriter &k, ValueRange a) {
        Value row = k.row(), g = k.load(a[0], row);
        k.store(k.mul(g, curve(k, op.getKind(), k.load(a[1], row)).slope), a[2], row);
      });
  return success();
}

static LogicalResult lower(step::GateOp op, EntryLowering &entry) {
  entry.launch(named("gate", op.getKind(), op.getGate()), entry.tokens(),
               {entry.buffer(op.getGate()), entry.buffer(op.getUp()), entry.result(op.getResult())},
               [&](RowWriter &k, ValueRange a) {
                 Value row = k.row(), up = k.load(a[1], row);
                 k.store(k.mul(curve(k, op.getKind(), k.load(a[0], row)).value, up), a[2], row);
               });
  return success();
}

static LogicalResult lower(step::GateGradOp op, EntryLowering &entry) {
  entry.launch(named("gate_gradient", op.getKind(), op.getGate()), entry.tokens(),
               {entry.buffer(op.getGradient()), entry.buffer(op.getGate()),
                entry.buffer(op.getUp()), entry.result(op.getGateGradient()),
                entry.result(op.getUpGradient())},
               [&](RowWriter &k, ValueRange a) {
                 Value row = k.row(), g = k.load(a[0], row), up = k.load(a[2], row);
                 Curve at = curve(k, op.getKind(), k.load(a[1], row));
                 k.store(k.mul(k.mul(g, up), at.slope), a[3], row);
                 k.store(k.mul(g, at.value), a[4], row);
               });
  return success();
}

static LogicalResult lower(step::AddOp op, EntryLowering &entry) {
  if (auto type = cast<RankedTensorType>(op.getType());
      type.getRank() > 2 && !type.hasStaticShape())
    return op.emitOpError() << "adds " << type << ", which is no stream";
  auto [sum, count] = entry.asRows(op.getResult(), entry.result(op.getResult()));
  Value lhs = entry.asRows(op.getLhs(), entry.stored(op.getLhs())).first;
  Value rhs = entry.asRows(op.getRhs(), entry.stored(op.getRhs())).first;
  entry.launch("add_" + rowName(sum), count, {lhs, rhs, sum}, [](RowWriter &k, ValueRange a) {
    Value row = k.row();
    k.store(k.add(k.load(a[0], row), k.load(a[1], row)), a[2], row);
  });
  return success();
}

static LogicalResult lower(step::ScaleOp op, EntryLowering &entry) {
  double factor = op.getFactor().convertToDouble();
  entry.launch(named("scale", op.getInput()), entry.tokens(),
               {entry.buffer(op.getInput()), entry.result(op.getResult())},
               [&](RowWriter &k, ValueRange a) {
                 Value row = k.row();
                 k.store(k.mul(k.load(a[0], row), k.number(factor)), a[1], row);
               });
  return success();
}

static LogicalResult lower(step::SoftcapOp op, EntryLowering &entry) {
  double cap = op.getCap().convertToDouble();
  entry.launch(named("softcap", op.getInput()), entry.tokens(),
               {entry.buffer(op.getInput()), entry.result(op.getResult())},
               [&](RowWriter &k, ValueRange a) {
                 Value row = k.row();
                 Value inner = k.mul(k.load(a[0], row), k.number(1 / cap));
                 k.store(k.mul(math::TanhOp::create(k, inner), k.number(cap)), a[1], row);
               });
  return success();
}

static LogicalResult lower(step::CastOp op, EntryLowering &entry) {
  if (auto type = cast<RankedTensorType>(op.getType());
      type.getRank() > 2 && !type.hasStaticShape())
    return op.emitOpError() << "rounds " << type << ", which is no stream";
  auto [to, count] = entry.asRows(op.getResult(), entry.result(op.getResult()));
  Value from = entry.asRows(op.getInput(), entry.stored(op.getInput())).first;
  entry.launch("cast_" + rowName(to), count, {from, to}, [](RowWriter &k, ValueRange a) {
    Value row = k.row();
    k.store(k.load(a[0], row), a[1], row);
  });
  return success();
}

LogicalResult roux::lowerElementwise(Operation *op, EntryLowering &entry) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<step::ActivationOp, step::ActivationGradOp, step::GateOp, step::GateGradOp, step::AddOp,
            step::ScaleOp, step::SoftcapOp, step::CastOp>([&](auto op) { return lower(op, entry); })
      .Default([](Operation *) { return failure(); });
}
