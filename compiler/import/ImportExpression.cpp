//===- ImportExpression.cpp - from formulas to regions --------------------===//
//
// One case an operation of runtime/Expression.h, which says what each means. In
// a formula truths are numbers; here they are i1 as long as nobody counts them.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/ImportExpression.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace roux {

namespace {
using Node = Expression::Node;

class Emitter {
public:
  Emitter(const ValueImporter &values, const Expression &expression, Region &region)
      : values(values), expression(expression), builder(region.getContext()) {
    builder.createBlock(&region);
  }

  Value emit(uint32_t index);
  Value number(Value value, Location loc);
  Value truth(Value value, Location loc);
  void result(Value value, Location loc) { recipe::ResultOp::create(builder, loc, value); }
  Location location(const Node &node) const {
    return values.location({node.where[0], node.where[1], node.where[2]});
  }

private:
  Value real(double value, Location loc);
  Value operand(const Node &node, size_t i) { return emit(node.operands[i]); }
  Value numberOf(const Node &node, size_t i) { return number(operand(node, i), location(node)); }
  Value truthOf(const Node &node, size_t i) { return truth(operand(node, i), location(node)); }

  Value read(const Node &node, Location loc);
  Value arithmetic(const Node &node, Location loc);
  Value function(const Node &node, Location loc);
  Value logic(const Node &node, Location loc);
  Value compare(const Node &node, Location loc);
  Value equal(Value lhs, Value rhs, Location loc);
  Value choose(const Node &node, Location loc);
  Value reduce(const Node &node, Location loc);
  Value draw(const Node &node, Location loc);
  Value asked(const Node &node, Location loc);

  const ValueImporter &values;
  const Expression &expression;
  OpBuilder builder;
};
} // namespace

Value Emitter::real(double value, Location loc) {
  return arith::ConstantOp::create(builder, loc, builder.getF64FloatAttr(value));
}

Value Emitter::number(Value value, Location loc) {
  if (!value.getType().isInteger(1))
    return value;
  return arith::UIToFPOp::create(builder, loc, builder.getF64Type(), value);
}

Value Emitter::truth(Value value, Location loc) {
  if (!value.getType().isF64())
    return value;
  return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNE, value, real(0, loc));
}

static bool isText(Attribute attribute) {
  return attribute == Attribute::Role || attribute == Attribute::Text ||
         attribute == Attribute::Source || attribute == Attribute::Field;
}

Value Emitter::read(const Node &node, Location loc) {
  // The enumerations of the dialect list the same scopes and attributes; a test compares them.
  auto scope = static_cast<recipe::Scope>(node.scope);
  auto attribute = static_cast<recipe::Attribute_>(node.attribute);
  Type type = isText(node.attribute) ? Type(recipe::TextType::get(builder.getContext()))
                                     : Type(builder.getF64Type());
  StringAttr name = node.text.empty() ? StringAttr() : builder.getStringAttr(node.text);
  return recipe::ReadOp::create(builder, loc, type, scope, attribute, name);
}

Value Emitter::arithmetic(const Node &node, Location loc) {
  Value lhs = numberOf(node, 0);
  if (node.operation == Operation::Negate)
    return arith::NegFOp::create(builder, loc, lhs);
  Value rhs = numberOf(node, 1);
  switch (node.operation) {
  case Operation::Add:
    return arith::AddFOp::create(builder, loc, lhs, rhs);
  case Operation::Subtract:
    return arith::SubFOp::create(builder, loc, lhs, rhs);
  case Operation::Multiply:
    return arith::MulFOp::create(builder, loc, lhs, rhs);
  case Operation::Divide:
    return arith::DivFOp::create(builder, loc, lhs, rhs);
  case Operation::Power:
    return math::PowFOp::create(builder, loc, lhs, rhs);
  case Operation::Mod:
    return recipe::ModOp::create(builder, loc, lhs, rhs);
  default:
    llvm_unreachable("no arithmetic");
  }
}

Value Emitter::function(const Node &node, Location loc) {
  Value value = numberOf(node, 0);
  switch (node.operation) {
  case Operation::Min:
  case Operation::Max:
    for (size_t i = 1; i < node.operands.size(); ++i) {
      Value other = numberOf(node, i);
      value = node.operation == Operation::Min
                  ? arith::MinNumFOp::create(builder, loc, value, other).getResult()
                  : arith::MaxNumFOp::create(builder, loc, value, other).getResult();
    }
    return value;
  case Operation::Abs:
    return math::AbsFOp::create(builder, loc, value);
  case Operation::Exp:
    return math::ExpOp::create(builder, loc, value);
  case Operation::Log:
    return math::LogOp::create(builder, loc, value);
  case Operation::Log2:
    return math::Log2Op::create(builder, loc, value);
  case Operation::Sqrt:
    return math::SqrtOp::create(builder, loc, value);
  case Operation::Floor:
    return math::FloorOp::create(builder, loc, value);
  case Operation::Clamp:
    return math::ClampFOp::create(builder, loc, value, numberOf(node, 1), numberOf(node, 2));
  default:
    llvm_unreachable("no function");
  }
}

Value Emitter::equal(Value lhs, Value rhs, Location loc) {
  if (isa<recipe::TextType>(lhs.getType()))
    return recipe::SameTextOp::create(builder, loc, lhs, rhs);
  return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ, number(lhs, loc),
                               number(rhs, loc));
}

Value Emitter::compare(const Node &node, Location loc) {
  Value lhs = operand(node, 0), rhs = operand(node, 1);
  if (node.operation == Operation::Equal)
    return equal(lhs, rhs, loc);
  if (node.operation == Operation::NotEqual)
    return arith::XOrIOp::create(
        builder, loc, equal(lhs, rhs, loc),
        arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true)));
  arith::CmpFPredicate predicate =
      node.operation == Operation::Less        ? arith::CmpFPredicate::OLT
      : node.operation == Operation::LessEqual ? arith::CmpFPredicate::OLE
      : node.operation == Operation::Greater   ? arith::CmpFPredicate::OGT
                                               : arith::CmpFPredicate::OGE;
  return arith::CmpFOp::create(builder, loc, predicate, number(lhs, loc), number(rhs, loc));
}

Value Emitter::logic(const Node &node, Location loc) {
  switch (node.operation) {
  case Operation::Not:
    return arith::XOrIOp::create(
        builder, loc, truthOf(node, 0),
        arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true)));
  case Operation::And:
    return arith::AndIOp::create(builder, loc, truthOf(node, 0), truthOf(node, 1));
  case Operation::Or:
    return arith::OrIOp::create(builder, loc, truthOf(node, 0), truthOf(node, 1));
  case Operation::Between: {
    Value value = numberOf(node, 0);
    Value above =
        arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGE, value, numberOf(node, 1));
    Value below =
        arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLE, value, numberOf(node, 2));
    return arith::AndIOp::create(builder, loc, above, below);
  }
  case Operation::Among: {
    Value value = operand(node, 0), among;
    for (size_t i = 1; i < node.operands.size(); ++i) {
      Value same = equal(value, operand(node, i), loc);
      among = among ? arith::OrIOp::create(builder, loc, among, same).getResult() : same;
    }
    return among;
  }
  case Operation::Matches:
    return recipe::MatchesOp::create(builder, loc, operand(node, 0), operand(node, 1));
  default:
    llvm_unreachable("no logic");
  }
}

Value Emitter::choose(const Node &node, Location loc) {
  Value condition = truthOf(node, 0), then = operand(node, 1), otherwise = operand(node, 2);
  if (then.getType() != otherwise.getType())
    then = number(then, loc), otherwise = number(otherwise, loc);
  return arith::SelectOp::create(builder, loc, condition, then, otherwise);
}

Value Emitter::reduce(const Node &node, Location loc) {
  if (node.operation == Operation::Entropy && node.inner == Scope::Constant)
    return recipe::EntropyOp::create(builder, loc, operand(node, 0));
  auto reduction = static_cast<recipe::Reduction>(static_cast<int>(node.operation) -
                                                  static_cast<int>(Operation::Sum));
  bool truths = node.operation == Operation::Any || node.operation == Operation::All;
  Type type = truths ? Type(builder.getI1Type()) : Type(builder.getF64Type());
  if (node.operation == Operation::Softmax)
    type = recipe::ValuesType::get(builder.getContext());
  Value share = node.operation == Operation::Quantile ? numberOf(node, 1) : Value();
  auto reduced = recipe::ReduceOp::create(builder, loc, type, share, reduction,
                                          static_cast<recipe::Scope>(node.scope),
                                          static_cast<recipe::Scope>(node.inner), node.countsAll);
  if (node.operands.empty())
    return reduced;
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&reduced.getEach());
  Value each = operand(node, 0);
  bool asTruth = truths || node.operation == Operation::Count;
  result(asTruth ? truth(each, loc) : number(each, loc), loc);
  return reduced;
}

Value Emitter::draw(const Node &node, Location loc) {
  auto scope = static_cast<recipe::Scope>(node.scope);
  SmallVector<Value> operands;
  for (size_t i = 0; i < node.operands.size(); ++i)
    operands.push_back(numberOf(node, i));
  if (node.operation == Operation::Uniform)
    return recipe::UniformOp::create(builder, loc, builder.getF64Type(), scope, operands[0],
                                     operands[1]);
  return recipe::ChoiceOp::create(builder, loc, builder.getF64Type(), scope, operands);
}

Value Emitter::asked(const Node &node, Location loc) {
  SmallVector<Value> operands;
  for (uint32_t index : node.operands)
    operands.push_back(emit(index));
  return recipe::AskedOp::create(builder, loc, builder.getF64Type(), node.text, operands);
}

Value Emitter::emit(uint32_t index) {
  const Node &node = expression.nodes[index];
  Location loc = location(node);
  switch (node.operation) {
  case Operation::Number:
    return real(node.number, loc);
  case Operation::String:
    return recipe::TextConstantOp::create(builder, loc, node.text);
  case Operation::Read:
    return read(node, loc);
  case Operation::Passed:
    return recipe::PassedOp::create(builder, loc, node.text);
  case Operation::Let:
    return recipe::LetValueOp::create(builder, loc, builder.getF64Type(), node.text);
  case Operation::If:
    return choose(node, loc);
  case Operation::Model:
    return asked(node, loc);
  case Operation::Uniform:
  case Operation::Choice:
    return draw(node, loc);
  case Operation::Equal:
  case Operation::NotEqual:
  case Operation::Less:
  case Operation::LessEqual:
  case Operation::Greater:
  case Operation::GreaterEqual:
    return compare(node, loc);
  case Operation::Not:
  case Operation::And:
  case Operation::Or:
  case Operation::Between:
  case Operation::Among:
  case Operation::Matches:
    return logic(node, loc);
  default:
    break;
  }
  if (node.operation >= Operation::Sum && node.operation <= Operation::Entropy)
    return reduce(node, loc);
  if (node.operation >= Operation::Min && node.operation <= Operation::Clamp)
    return function(node, loc);
  return arithmetic(node, loc);
}

void importExpression(const ValueImporter &values, const Expression &expression, bool truth,
                      Region &region) {
  Emitter emitter(values, expression, region);
  auto root = static_cast<uint32_t>(expression.nodes.size() - 1);
  Location loc = emitter.location(expression.root());
  Value value = emitter.emit(root);
  emitter.result(truth ? emitter.truth(value, loc) : emitter.number(value, loc), loc);
}

} // namespace roux
