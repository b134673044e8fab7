//===- GrammarExpression.cpp - operators, from the loosest in -------------===//
//
// Precedence climbing over one table. Chains that authors write long (pipes,
// sums, else-ifs) are read by loops; what must recurse is counted by Nesting.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Grammar.h"
#include "compiler/frontend/Words.h"

#include <fmt/format.h>

namespace roux {

using ast::BinaryOp;
using ast::Expr;
using ast::ExprKind;

/// How tightly things bind; `|` and `if` are looser than all of these.
enum Level {
  OrLevel = 1,
  AndLevel,
  NotLevel,
  CompareLevel,
  RangeLevel,
  AddLevel,
  MultiplyLevel,
  NegateLevel,
  PowerLevel
};

/// A binary operator as the next tokens spell it.
struct Operator {
  int level = 0; ///< 0: no operator
  BinaryOp op = BinaryOp::Or;
  int words = 1; ///< tokens: 'not in' is two
};

static Operator operatorAt(const TokenStream &tokens) {
  switch (tokens.current().kind) {
  case TokenKind::Equal:
    return {CompareLevel, BinaryOp::Equal};
  case TokenKind::NotEqual:
    return {CompareLevel, BinaryOp::NotEqual};
  case TokenKind::Less:
    return {CompareLevel, BinaryOp::Less};
  case TokenKind::LessEqual:
    return {CompareLevel, BinaryOp::LessEqual};
  case TokenKind::Greater:
    return {CompareLevel, BinaryOp::Greater};
  case TokenKind::GreaterEqual:
    return {CompareLevel, BinaryOp::GreaterEqual};
  case TokenKind::DotDot:
    return {RangeLevel};
  case TokenKind::Plus:
    return {AddLevel, BinaryOp::Add};
  case TokenKind::Minus:
    return {AddLevel, BinaryOp::Subtract};
  case TokenKind::Star:
    return {MultiplyLevel, BinaryOp::Multiply};
  case TokenKind::Slash:
    return {MultiplyLevel, BinaryOp::Divide};
  case TokenKind::Caret:
    return {PowerLevel, BinaryOp::Power};
  case TokenKind::Word:
    break;
  default:
    return {};
  }
  std::string_view word = tokens.text(tokens.current());
  if (word == "or")
    return {OrLevel, BinaryOp::Or};
  if (word == "and")
    return {AndLevel, BinaryOp::And};
  if (word == "in")
    return {CompareLevel, BinaryOp::In};
  if (word == "not" && tokens.text(tokens.following()) == "in")
    return {CompareLevel, BinaryOp::NotIn, 2};
  return {};
}

/// expression := conditional { '|' (name | call) }
Expr *Grammar::expression() {
  Expr *value = conditional();
  while (value->kind != ExprKind::Error && tokens.is(TokenKind::Pipe)) {
    tokens.take();
    Expr *into = postfix();
    if (into->kind != ExprKind::Name && into->kind != ExprKind::Call &&
        into->kind != ExprKind::Error)
      into =
          error(into->range, "the right side of '|' is a name or a call: a | f(x) means f(a, x)");
    ast::Pipe pipe;
    pipe.from = value;
    pipe.into = into;
    value = into->kind == ExprKind::Error ? into : node(pipe, since(value->range), {value, into});
  }
  return value;
}

/// conditional := 'if' conditional 'then' conditional 'else' conditional | binary
Expr *Grammar::conditional() {
  struct Branch {
    SourceRange begin;
    Expr *condition, *then;
  };
  std::vector<Branch> branches;
  while (tokens.isWord("if")) {
    Nesting nesting(*this);
    if (nesting.tooDeep())
      return reportDepth();
    Branch branch{tokens.take().range, conditional(), nullptr};
    if (branch.condition->kind == ExprKind::Error)
      return branch.condition;
    if (!tokens.isWord("then"))
      return expected("'then' after the condition of 'if'");
    tokens.take();
    branch.then = conditional();
    if (branch.then->kind == ExprKind::Error)
      return branch.then;
    if (!tokens.isWord("else"))
      return expected("'else'", "; every 'if' has one");
    tokens.take();
    branches.push_back(branch);
  }
  Expr *value = binary(OrLevel);
  for (auto branch = branches.rbegin(); branch != branches.rend(); ++branch) {
    if (value->kind == ExprKind::Error)
      return value;
    ast::If made;
    made.condition = branch->condition;
    made.then = branch->then;
    made.otherwise = value;
    value = node(made, since(branch->begin), {made.condition, made.then, made.otherwise});
  }
  return value;
}

/// Reads operators that bind at least as tightly as `minimum`.
Expr *Grammar::binary(int minimum) {
  Expr *lhs = prefix(minimum);
  while (lhs->kind != ExprKind::Error && !tokens.lineEnded()) {
    Operator op = operatorAt(tokens);
    if (op.level == 0 || op.level < minimum)
      break;
    SourceRange opRange = tokens.take().range;
    if (op.words == 2)
      opRange = opRange.to(tokens.take().range);
    Expr *rhs = op.level == PowerLevel ? exponent() : binary(op.level + 1);
    if (rhs->kind == ExprKind::Error)
      return rhs;
    lhs = combine(op, lhs, opRange, rhs);
    bool chains = op.level == CompareLevel || op.level == RangeLevel;
    if (chains && !tokens.lineEnded() && operatorAt(tokens).level == op.level)
      return error(tokens.current().range,
                   op.level == RangeLevel
                       ? "ranges do not chain: 'a..b' has two ends"
                       : "comparisons do not chain; join two of them with 'and'");
  }
  return lhs;
}

/// '^' is right-associative, and its exponent may be negative.
Expr *Grammar::exponent() {
  Nesting nesting(*this);
  return nesting.tooDeep() ? reportDepth() : binary(NegateLevel);
}

Expr *Grammar::prefix(int minimum) {
  bool negates = tokens.isWord("not");
  if (!negates && !tokens.is(TokenKind::Minus))
    return postfix();
  if (negates && minimum > NotLevel)
    return error(tokens.current().range, "'not' binds loosely; put it in parentheses here");
  Nesting nesting(*this);
  if (nesting.tooDeep())
    return reportDepth();
  SourceRange begin = tokens.take().range;
  ast::Unary unary;
  unary.op = negates ? ast::UnaryOp::Not : ast::UnaryOp::Negate;
  unary.operand = binary(negates ? NotLevel : NegateLevel);
  if (unary.operand->kind == ExprKind::Error)
    return unary.operand;
  return node(unary, since(begin), {unary.operand});
}

Expr *Grammar::combine(Operator op, Expr *lhs, SourceRange opRange, Expr *rhs) {
  if (op.level == RangeLevel)
    return range(lhs, rhs);
  ast::Binary binary;
  binary.op = op.op;
  binary.opRange = opRange;
  binary.lhs = lhs;
  binary.rhs = rhs;
  return node(binary, since(lhs->range), {lhs, rhs});
}

/// A unit behind the upper end is the range's.
Expr *Grammar::range(Expr *low, Expr *high) {
  ast::Range made;
  made.low = low;
  made.high = high;
  if (high->kind == ExprKind::Number)
    std::swap(made.unit, static_cast<ast::Number *>(high)->unit);
  else if (high->kind == ExprKind::Group)
    std::swap(made.unit, static_cast<ast::Group *>(high)->unit);
  if (made.unit == ast::Unit::None)
    made.unit = unit();
  return node(made, since(low->range), {low, high});
}

} // namespace roux
