//===- ExpressionToArith.cpp - one operation a node -----------------------===//
//
// Truth values stay i1 between comparisons, connectives and conditions, and
// become 0 or 1 only where a number is asked for. Both branches of an `if` are
// emitted: nothing here has an effect, and a select hides what was not taken.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/ExpressionToArith.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace {

using Node = roux::Expression::Node;
using roux::Operation;

struct Emitter {
  ImplicitLocOpBuilder b;
  FloatType type;
  SmallVector<Value> values; // of the nodes so far: i1 or `type`

  Value constant(double value) { return arith::ConstantOp::create(b, b.getFloatAttr(type, value)); }
  Value number(uint32_t index) {
    Value value = values[index];
    return value.getType().isInteger(1)
               ? arith::SelectOp::create(b, value, constant(1), constant(0)).getResult()
               : value;
  }
  Value truth(uint32_t index) {
    Value value = values[index];
    return value.getType().isInteger(1) ? value
                                        : compare(arith::CmpFPredicate::UNE, value, constant(0));
  }
  Value compare(arith::CmpFPredicate predicate, Value x, Value y) {
    return arith::CmpFOp::create(b, predicate, x, y);
  }
  template <typename Op>
  Value unary(const Node &node) {
    return Op::create(b, number(node.operands[0]));
  }
  template <typename Op>
  Value binary(const Node &node) {
    return Op::create(b, number(node.operands[0]), number(node.operands[1]));
  }
  Value compare(arith::CmpFPredicate predicate, const Node &node) {
    return compare(predicate, number(node.operands[0]), number(node.operands[1]));
  }
  /// `Op` over all operands, left to right: min and max take as many as are written.
  template <typename Op>
  Value fold(const Node &node) {
    Value result = number(node.operands[0]);
    for (uint32_t operand : ArrayRef(node.operands).drop_front())
      result = Op::create(b, result, number(operand));
    return result;
  }
  Value negated(Value truth) {
    Value one = arith::ConstantOp::create(b, b.getBoolAttr(true));
    return arith::XOrIOp::create(b, truth, one);
  }
  Value between(const Node &node);
  Value among(const Node &node);
  Value modulo(const Node &node);
  Value clamp(const Node &node);
  Value emit(const Node &node);
};

Value Emitter::between(const Node &node) {
  Value x = number(node.operands[0]);
  Value low = compare(arith::CmpFPredicate::OGE, x, number(node.operands[1]));
  Value high = compare(arith::CmpFPredicate::OLE, x, number(node.operands[2]));
  return arith::AndIOp::create(b, low, high);
}

Value Emitter::among(const Node &node) {
  Value any = arith::ConstantOp::create(b, b.getBoolAttr(false));
  for (uint32_t operand : ArrayRef(node.operands).drop_front())
    any = arith::OrIOp::create(
        b, any, compare(arith::CmpFPredicate::OEQ, number(node.operands[0]), number(operand)));
  return any;
}

/// The remainder with the divisor's sign: x - y * floor(x / y).
Value Emitter::modulo(const Node &node) {
  Value x = number(node.operands[0]), y = number(node.operands[1]);
  Value whole = math::FloorOp::create(b, arith::DivFOp::create(b, x, y));
  return arith::SubFOp::create(b, x, arith::MulFOp::create(b, y, whole));
}

/// As the evaluator has it: the low end wins where the ends are the wrong way round.
Value Emitter::clamp(const Node &node) {
  Value x = number(node.operands[0]), low = number(node.operands[1]),
        high = number(node.operands[2]);
  Value above = compare(arith::CmpFPredicate::OGT, x, high);
  Value below = compare(arith::CmpFPredicate::OLT, x, low);
  Value limited = arith::SelectOp::create(b, above, high, x);
  return arith::SelectOp::create(b, below, low, limited);
}

/// Null for operations that have no form here.
Value Emitter::emit(const Node &node) {
  switch (node.operation) {
  case Operation::Number:
    return constant(node.number);
  case Operation::Negate:
    return unary<arith::NegFOp>(node);
  case Operation::Not:
    return negated(truth(node.operands[0]));
  case Operation::Add:
    return binary<arith::AddFOp>(node);
  case Operation::Subtract:
    return binary<arith::SubFOp>(node);
  case Operation::Multiply:
    return binary<arith::MulFOp>(node);
  case Operation::Divide:
    return binary<arith::DivFOp>(node);
  case Operation::Power:
    return binary<math::PowFOp>(node);
  case Operation::Mod:
    return modulo(node);
  case Operation::Equal:
    return compare(arith::CmpFPredicate::OEQ, node);
  case Operation::NotEqual:
    return compare(arith::CmpFPredicate::UNE, node);
  case Operation::Less:
    return compare(arith::CmpFPredicate::OLT, node);
  case Operation::LessEqual:
    return compare(arith::CmpFPredicate::OLE, node);
  case Operation::Greater:
    return compare(arith::CmpFPredicate::OGT, node);
  case Operation::GreaterEqual:
    return compare(arith::CmpFPredicate::OGE, node);
  case Operation::And:
    return arith::AndIOp::create(b, truth(node.operands[0]), truth(node.operands[1]));
  case Operation::Or:
    return arith::OrIOp::create(b, truth(node.operands[0]), truth(node.operands[1]));
  case Operation::Between:
    return between(node);
  case Operation::Among:
    return among(node);
  case Operation::If:
    return arith::SelectOp::create(b, truth(node.operands[0]), number(node.operands[1]),
                                   number(node.operands[2]));
  case Operation::Min:
    return fold<arith::MinimumFOp>(node);
  case Operation::Max:
    return fold<arith::MaximumFOp>(node);
  case Operation::Abs:
    return unary<math::AbsFOp>(node);
  case Operation::Exp:
    return unary<math::ExpOp>(node);
  case Operation::Log:
    return unary<math::LogOp>(node);
  case Operation::Log2:
    return unary<math::Log2Op>(node);
  case Operation::Sqrt:
    return unary<math::SqrtOp>(node);
  case Operation::Floor:
    return unary<math::FloorOp>(node);
  case Operation::Clamp:
    return clamp(node);
  default:
    return {};
  }
}

} // namespace

llvm::FailureOr<Value> roux::emitExpression(const Expression &expression, OpBuilder &builder,
                                            FloatType type, LocateNode locate, ReadNode read) {
  assert(!expression.empty() && "an expression has at least one node");
  Emitter emitter{ImplicitLocOpBuilder(builder.getUnknownLoc(), builder), type, {}};
  for (const Node &node : expression.nodes) {
    Location place = locate(node);
    emitter.b.setLoc(place);
    bool isRead = node.operation == Operation::Read || node.operation == Operation::Let;
    mlir::Value value = isRead ? read(node) : emitter.emit(node);
    if (!value)
      return emitError(place)
             << (isRead ? "this is not known inside a loss"
                        : "this cannot be computed inside a loss, which knows one token: its "
                          "token.nll, its token.logsumexp and what the plan says of it");
    emitter.values.push_back(value);
  }
  return emitter.number(expression.nodes.size() - 1);
}
