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
  Emitter(MLIRContext &context, const Expression &expression, Region &region, LocateNode locate,
          ArrayRef<WeightInput> inputs = {})
      : locate(locate), expression(expression), inputs(inputs), builder(&context) {
    builder.createBlock(&region);
  }

  mlir::Value emit(uint32_t index);
  mlir::Value number(mlir::Value value, mlir::Location loc);
  mlir::Value truth(mlir::Value value, mlir::Location loc);
  void result(mlir::Value value, mlir::Location loc) {
    recipe::ResultOp::create(builder, loc, value);
  }
  mlir::Location location(const Node &node) const { return locate(node); }

private:
  mlir::Value real(double value, mlir::Location loc);
  mlir::Value operand(const Node &node, size_t i) { return emit(node.operands[i]); }
  mlir::Value numberOf(const Node &node, size_t i) {
    return number(operand(node, i), location(node));
  }
  mlir::Value truthOf(const Node &node, size_t i) {
    return truth(operand(node, i), location(node));
  }

  mlir::Value read(const Node &node, mlir::Location loc);
  mlir::Value arithmetic(const Node &node, mlir::Location loc);
  mlir::Value function(const Node &node, mlir::Location loc);
  mlir::Value logSigmoid(mlir::Value value, mlir::Location loc);
  mlir::Value clamp(mlir::Value value, mlir::Value low, mlir::Value high, mlir::Location loc);
  mlir::Value logic(const Node &node, mlir::Location loc);
  mlir::Value compare(const Node &node, mlir::Location loc);
  mlir::Value equal(mlir::Value lhs, mlir::Value rhs, mlir::Location loc);
  mlir::Value choose(const Node &node, mlir::Location loc);
  mlir::Value reduce(const Node &node, mlir::Location loc);
  mlir::Value draw(const Node &node, mlir::Location loc);
  mlir::Value asked(const Node &node, mlir::Location loc);
  mlir::Value named(const Node &node, mlir::Location loc);

  LocateNode locate;
  const Expression &expression;
  ArrayRef<WeightInput> inputs;
  OpBuilder builder;
};
} // namespace

mlir::Value Emitter::real(double value, mlir::Location loc) {
  return arith::ConstantOp::create(builder, loc, builder.getF64FloatAttr(value));
}

mlir::Value Emitter::number(mlir::Value value, mlir::Location loc) {
  // A record's field is a text or a number, as it is used; so is a choice between two of them.
  if (isa<recipe::TextType>(value.getType())) {
    if (auto choice = value.getDefiningOp<arith::SelectOp>())
      for (mlir::Value each : {choice.getTrueValue(), choice.getFalseValue()})
        number(each, loc);
    value.setType(builder.getF64Type());
  }
  if (!value.getType().isInteger(1))
    return value;
  return arith::UIToFPOp::create(builder, loc, builder.getF64Type(), value);
}

mlir::Value Emitter::truth(mlir::Value value, mlir::Location loc) {
  if (value.getType().isInteger(1))
    return value;
  value = number(value, loc);
  return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNE, value, real(0, loc));
}

static bool isText(Attribute attribute) {
  return attribute == Attribute::Role || attribute == Attribute::Text ||
         attribute == Attribute::Source || attribute == Attribute::Field;
}

mlir::Value Emitter::read(const Node &node, mlir::Location loc) {
  // The enumerations of the dialect list the same scopes and attributes; a test compares them.
  auto scope = static_cast<recipe::Scope>(node.scope);
  auto attribute = static_cast<recipe::Attribute_>(node.attribute);
  mlir::Type type = isText(node.attribute) ? mlir::Type(recipe::TextType::get(builder.getContext()))
                                           : mlir::Type(builder.getF64Type());
  StringAttr name = node.text.empty() ? StringAttr() : builder.getStringAttr(node.text);
  return recipe::ReadOp::create(builder, loc, type, scope, attribute, name);
}

mlir::Value Emitter::arithmetic(const Node &node, mlir::Location loc) {
  mlir::Value lhs = numberOf(node, 0);
  if (node.operation == Operation::Negate)
    return arith::NegFOp::create(builder, loc, lhs);
  mlir::Value rhs = numberOf(node, 1);
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
    return recipe::ModOp::create(builder, loc, builder.getF64Type(), lhs, rhs);
  default:
    llvm_unreachable("no arithmetic");
  }
}

/// As the evaluator has it: the low end wins where the ends are the wrong way round.
mlir::Value Emitter::clamp(mlir::Value value, mlir::Value low, mlir::Value high,
                           mlir::Location loc) {
  using arith::CmpFPredicate;
  mlir::Value above = arith::CmpFOp::create(builder, loc, CmpFPredicate::OGT, value, high);
  mlir::Value below = arith::CmpFOp::create(builder, loc, CmpFPredicate::OLT, value, low);
  mlir::Value limited = arith::SelectOp::create(builder, loc, above, high, value);
  return arith::SelectOp::create(builder, loc, below, low, limited);
}

/// As the evaluator has it: the exponential is of a number that is not above 0.
mlir::Value Emitter::logSigmoid(mlir::Value value, mlir::Location loc) {
  mlir::Value below =
      arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, value, real(0, loc));
  mlir::Value opposite = arith::NegFOp::create(builder, loc, value);
  mlir::Value small = arith::SelectOp::create(builder, loc, below, value, opposite);
  mlir::Value more =
      arith::AddFOp::create(builder, loc, real(1, loc), math::ExpOp::create(builder, loc, small));
  mlir::Value log = math::LogOp::create(builder, loc, more);
  mlir::Value ofSmall = arith::SubFOp::create(builder, loc, value, log);
  mlir::Value ofLarge = arith::NegFOp::create(builder, loc, log);
  return arith::SelectOp::create(builder, loc, below, ofSmall, ofLarge);
}

mlir::Value Emitter::function(const Node &node, mlir::Location loc) {
  if (node.operation == Operation::Sigmoid)
    return math::ExpOp::create(builder, loc, logSigmoid(numberOf(node, 0), loc));
  if (const Node &inner = expression.nodes[node.operands[0]];
      node.operation == Operation::Log && inner.operation == Operation::Sigmoid)
    return logSigmoid(numberOf(inner, 0), loc);
  mlir::Value value = numberOf(node, 0);
  switch (node.operation) {
  case Operation::Min:
  case Operation::Max:
    for (size_t i = 1; i < node.operands.size(); ++i) {
      mlir::Value other = numberOf(node, i);
      value = node.operation == Operation::Min
                  ? arith::MinimumFOp::create(builder, loc, value, other).getResult()
                  : arith::MaximumFOp::create(builder, loc, value, other).getResult();
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
  case Operation::Clamp: {
    mlir::Value low = numberOf(node, 1), high = numberOf(node, 2);
    return clamp(value, low, high, loc);
  }
  default:
    llvm_unreachable("no function");
  }
}

mlir::Value Emitter::equal(mlir::Value lhs, mlir::Value rhs, mlir::Location loc) {
  if (isa<recipe::TextType>(lhs.getType()) && isa<recipe::TextType>(rhs.getType()))
    return recipe::SameTextOp::create(builder, loc, builder.getI1Type(), lhs, rhs);
  return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ, number(lhs, loc),
                               number(rhs, loc));
}

mlir::Value Emitter::compare(const Node &node, mlir::Location loc) {
  mlir::Value lhs = operand(node, 0), rhs = operand(node, 1);
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

mlir::Value Emitter::logic(const Node &node, mlir::Location loc) {
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
    mlir::Value value = numberOf(node, 0);
    mlir::Value above =
        arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGE, value, numberOf(node, 1));
    mlir::Value below =
        arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLE, value, numberOf(node, 2));
    return arith::AndIOp::create(builder, loc, above, below);
  }
  case Operation::Among: {
    mlir::Value value = operand(node, 0), among;
    for (size_t i = 1; i < node.operands.size(); ++i) {
      mlir::Value same = equal(value, operand(node, i), loc);
      among = among ? arith::OrIOp::create(builder, loc, among, same).getResult() : same;
    }
    return among;
  }
  case Operation::Matches:
    return recipe::MatchesOp::create(builder, loc, builder.getI1Type(), operand(node, 0),
                                     operand(node, 1));
  default:
    llvm_unreachable("no logic");
  }
}

mlir::Value Emitter::choose(const Node &node, mlir::Location loc) {
  mlir::Value condition = truthOf(node, 0), then = operand(node, 1), otherwise = operand(node, 2);
  if (then.getType() != otherwise.getType())
    then = number(then, loc), otherwise = number(otherwise, loc);
  return arith::SelectOp::create(builder, loc, condition, then, otherwise);
}

mlir::Value Emitter::reduce(const Node &node, mlir::Location loc) {
  if (node.operation == Operation::Entropy && node.inner == Scope::Constant)
    return recipe::EntropyOp::create(builder, loc, builder.getF64Type(), operand(node, 0));
  auto reduction = static_cast<recipe::Reduction>(static_cast<int>(node.operation) -
                                                  static_cast<int>(Operation::Sum));
  bool truths = node.operation == Operation::Any || node.operation == Operation::All;
  mlir::Type type = truths ? mlir::Type(builder.getI1Type()) : mlir::Type(builder.getF64Type());
  if (node.operation == Operation::Softmax)
    type = recipe::ValuesType::get(builder.getContext());
  mlir::Value share = node.operation == Operation::Quantile ? numberOf(node, 1) : mlir::Value();
  auto reduced = recipe::ReduceOp::create(builder, loc, type, share, reduction,
                                          static_cast<recipe::Scope>(node.scope),
                                          static_cast<recipe::Scope>(node.inner), node.countsAll);
  if (node.operands.empty())
    return reduced;
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&reduced.getEach());
  mlir::Value each = operand(node, 0);
  bool asTruth = truths || node.operation == Operation::Count;
  result(asTruth ? truth(each, loc) : number(each, loc), loc);
  return reduced;
}

mlir::Value Emitter::draw(const Node &node, mlir::Location loc) {
  auto scope = static_cast<recipe::Scope>(node.scope);
  SmallVector<mlir::Value> operands;
  for (size_t i = 0; i < node.operands.size(); ++i)
    operands.push_back(numberOf(node, i));
  if (node.operation == Operation::Uniform)
    return recipe::UniformOp::create(builder, loc, builder.getF64Type(), scope, operands[0],
                                     operands[1]);
  return recipe::ChoiceOp::create(builder, loc, builder.getF64Type(), scope, operands);
}

mlir::Value Emitter::asked(const Node &node, mlir::Location loc) {
  SmallVector<mlir::Value> operands;
  for (uint32_t index : node.operands)
    operands.push_back(emit(index));
  return recipe::AskedOp::create(builder, loc, builder.getF64Type(), node.text, operands);
}

/// An input of the weight, or else a value of the score that the expression belongs to.
mlir::Value Emitter::named(const Node &node, mlir::Location loc) {
  const auto *input =
      llvm::find_if(inputs, [&](const WeightInput &each) { return each.name == node.text; });
  if (input == inputs.end())
    return recipe::LetValueOp::create(builder, loc, builder.getF64Type(), node.text);
  auto given =
      recipe::InputOp::create(builder, loc, builder.getF64Type(), input->name, input->perToken);
  importExpression(*builder.getContext(), input->value, /*truth=*/false, given.getValue(), locate);
  return given;
}

mlir::Value Emitter::emit(uint32_t index) {
  const Node &node = expression.nodes[index];
  mlir::Location loc = location(node);
  switch (node.operation) {
  case Operation::Number:
    return real(node.number, loc);
  case Operation::String:
    return recipe::TextConstantOp::create(builder, loc, recipe::TextType::get(builder.getContext()),
                                          node.text);
  case Operation::Read:
    return read(node, loc);
  case Operation::Passed:
    return recipe::PassedOp::create(builder, loc, builder.getI1Type(), node.text);
  case Operation::Let:
    return named(node, loc);
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
  bool isFunction = node.operation >= Operation::Min && node.operation <= Operation::Clamp;
  if (isFunction || node.operation == Operation::Sigmoid)
    return function(node, loc);
  return arithmetic(node, loc);
}

static void emitWhole(Emitter emitter, const Expression &expression, bool truth) {
  auto root = static_cast<uint32_t>(expression.nodes.size() - 1);
  mlir::Location loc = emitter.location(expression.root());
  mlir::Value value = emitter.emit(root);
  emitter.result(truth ? emitter.truth(value, loc) : emitter.number(value, loc), loc);
}

void importExpression(MLIRContext &context, const Expression &expression, bool truth,
                      Region &region, LocateNode locate) {
  context.loadDialect<recipe::RecipeDialect>();
  emitWhole(Emitter(context, expression, region, locate), expression, truth);
}

void importWeight(mlir::Location place, const WeightFormula &weight, Region &region,
                  LocateNode locate) {
  MLIRContext &context = *place.getContext();
  if (!weight.formula.empty()) {
    context.loadDialect<recipe::RecipeDialect>();
    return emitWhole(Emitter(context, weight.formula, region, locate, weight.inputs),
                     weight.formula, /*truth=*/false);
  }
  Expression one;
  one.nodes = {{.number = 1}};
  importExpression(context, one, /*truth=*/false, region, [&](const Node &) { return place; });
}

} // namespace roux
