//===- FormulaOperators.cpp - operators of a scoped expression ------------===//
//
// Numbers, truths and texts do not mix; `role` and `source` are compared with
// words, which mean something only there.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/FormulaChecker.h"
#include "compiler/frontend/OtherWords.h"

#include <algorithm>

namespace roux {

using enum ast::BinaryOp;

std::optional<Expression> FormulaChecker::check(const ast::Expr *expr) {
  Result root = want(place.sort, build(expr), expr->range, "'" + std::string(place.name) + "'");
  if (!root || !hasUsableConstants())
    return std::nullopt;
  rootReads = root->reads;
  return std::move(expression);
}

FormulaChecker::Part FormulaChecker::add(Operation operation, SourceRange where,
                                         std::vector<Part> operands, Sort sort) {
  Part part;
  part.sort = sort;
  Expression::Node node;
  node.operation = operation;
  node.where = {where.file, where.begin, where.end};
  for (const Part &operand : operands) {
    node.operands.push_back(operand.node);
    part.reads |= operand.reads;
    part.usesModel |= operand.usesModel;
    part.onlyCounts &= operand.onlyCounts;
  }
  part.node = static_cast<uint32_t>(expression.nodes.size());
  expression.nodes.push_back(std::move(node));
  return part;
}

FormulaChecker::Result FormulaChecker::error(SourceRange where, std::string message, Code code) {
  diagnostics.error(code, where, std::move(message));
  return std::nullopt;
}

FormulaChecker::Result FormulaChecker::want(Sort sort, Result part, SourceRange where,
                                            const std::string &what) {
  if (!part || part->sort == sort || (sort == Sort::Either && part->sort != Sort::Values))
    return part;
  if (part->sort == Sort::Either && (sort == Sort::Number || sort == Sort::Text))
    return part;
  return error(where, "expected " + std::string(spelling(sort)) + " for " + what + ", found " +
                          std::string(spelling(part->sort)));
}

FormulaChecker::Result FormulaChecker::build(const ast::Expr *expr) {
  using ast::ExprKind;
  switch (expr->kind) {
  case ExprKind::Number:
    return buildNumber(*ast::as<ast::Number>(expr));
  case ExprKind::Text: {
    Part part = add(Operation::String, expr->range, {}, Sort::Text);
    expression.nodes.back().text = ast::as<ast::Text>(expr)->value;
    return part;
  }
  case ExprKind::Boolean: {
    Part part = add(Operation::Number, expr->range, {}, Sort::Truth);
    expression.nodes.back().number = ast::as<ast::Boolean>(expr)->value;
    return part;
  }
  case ExprKind::Name:
    return buildName(*ast::as<ast::Name>(expr));
  case ExprKind::Member:
    return buildMember(*ast::as<ast::Member>(expr));
  case ExprKind::Call:
    return buildCall(*ast::as<ast::Call>(expr));
  case ExprKind::Unary:
    return buildUnary(*ast::as<ast::Unary>(expr));
  case ExprKind::Binary:
    return buildBinary(*ast::as<ast::Binary>(expr));
  case ExprKind::If:
    return buildIf(*ast::as<ast::If>(expr));
  case ExprKind::Group: {
    const auto *group = ast::as<ast::Group>(expr);
    if (group->unit == ast::Unit::None)
      return build(group->inner);
    return error(expr->range, "an expression is made of plain numbers; found " +
                                  std::string(ast::spelling(group->unit)));
  }
  case ExprKind::Pipe:
    return error(expr->range, "'|' passes data on and means nothing in an expression; a condition "
                              "is written perplexity(x, given: y)");
  case ExprKind::Range:
    return error(expr->range, "a range stands only right of 'in' and in uniform(a..b)");
  case ExprKind::List:
    return error(expr->range, "a list stands only right of 'in'");
  case ExprKind::None:
  case ExprKind::Override:
    return error(expr->range,
                 "expected " + std::string(spelling(place.sort)) + ", found " + nounFor(expr));
  case ExprKind::Error:
    return std::nullopt;
  }
  return std::nullopt;
}

FormulaChecker::Result FormulaChecker::buildNumber(const ast::Number &number) {
  bool isPlain = number.unit == ast::Unit::None && number.suffix < ast::Suffix::Percent;
  if (!isPlain)
    return error(number.range, "an expression is made of plain numbers; found " + nounFor(&number));
  Part part = add(Operation::Number, number.range, {}, Sort::Number);
  expression.nodes.back().number = number.scaled;
  return part;
}

FormulaChecker::Result FormulaChecker::buildUnary(const ast::Unary &unary) {
  bool isNot = unary.op == ast::UnaryOp::Not;
  Sort sort = isNot ? Sort::Truth : Sort::Number;
  Result operand = want(sort, build(unary.operand), unary.operand->range, isNot ? "'not'" : "'-'");
  if (!operand)
    return std::nullopt;
  return add(isNot ? Operation::Not : Operation::Negate, unary.range, {*operand}, sort);
}

namespace {
struct OperatorRow {
  ast::BinaryOp op;
  Operation operation;
  Sort takes, gives;
};
constexpr OperatorRow operators[] = {
    {Add, Operation::Add, Sort::Number, Sort::Number},
    {Subtract, Operation::Subtract, Sort::Number, Sort::Number},
    {Multiply, Operation::Multiply, Sort::Number, Sort::Number},
    {Divide, Operation::Divide, Sort::Number, Sort::Number},
    {Power, Operation::Power, Sort::Number, Sort::Number},
    {Less, Operation::Less, Sort::Number, Sort::Truth},
    {LessEqual, Operation::LessEqual, Sort::Number, Sort::Truth},
    {Greater, Operation::Greater, Sort::Number, Sort::Truth},
    {GreaterEqual, Operation::GreaterEqual, Sort::Number, Sort::Truth},
    {And, Operation::And, Sort::Truth, Sort::Truth},
    {Or, Operation::Or, Sort::Truth, Sort::Truth},
};
} // namespace

FormulaChecker::Result FormulaChecker::buildBinary(const ast::Binary &binary) {
  if (binary.op == Equal || binary.op == NotEqual)
    return buildEquality(binary);
  if (binary.op == In || binary.op == NotIn)
    return buildIn(binary);
  if (binary.op == Over)
    return error(binary.opRange, "'over' stands only in a reduction, as in sum(e over step)");
  const OperatorRow &row = *std::ranges::find(operators, binary.op, &OperatorRow::op);
  std::string what = "'" + std::string(ast::spelling(binary.op)) + "'";
  Result left = want(row.takes, build(binary.lhs), binary.lhs->range, what);
  Result right = want(row.takes, build(binary.rhs), binary.rhs->range, what);
  if (!left || !right)
    return std::nullopt;
  return add(row.operation, binary.range, {*left, *right}, row.gives);
}

FormulaChecker::Result FormulaChecker::buildEquality(const ast::Binary &binary) {
  Result left = build(binary.lhs);
  if (!left)
    return std::nullopt;
  Result right = buildBeside(*left, binary.rhs);
  if (!right)
    return std::nullopt;
  bool isEither = left->sort == Sort::Either || right->sort == Sort::Either;
  if (left->sort != right->sort && !isEither)
    return error(binary.range, "cannot compare " + std::string(spelling(left->sort)) + " with " +
                                   std::string(spelling(right->sort)));
  return add(binary.op == Equal ? Operation::Equal : Operation::NotEqual, binary.range,
             {*left, *right}, Sort::Truth);
}

FormulaChecker::Result FormulaChecker::buildBeside(const Part &other, const ast::Expr *expr) {
  const auto *name = ast::as<ast::Name>(expr);
  if (!name || (!other.isRole && !other.isSource))
    return build(expr);
  if (other.isSource)
    return buildSourceName(*name);
  std::vector<std::string_view> known;
  for (const WordRow &role : roleWords())
    known.push_back(role.name);
  if (std::ranges::find(known, name->name) == known.end()) {
    std::string hint = writtenHere(name->name, "role");
    return error(name->range,
                 "there is no role '" + std::string(name->name) +
                     "'; roles are system, user, assistant and tool" +
                     (hint.empty() ? didYouMean(name->name, known) : hint),
                 Code::UnknownName);
  }
  Part part = add(Operation::String, name->range, {}, Sort::Text);
  expression.nodes.back().text = name->name;
  return part;
}

FormulaChecker::Result FormulaChecker::buildSourceName(const ast::Name &name) {
  const CheckedDefinition *data = checker.read(name.name, name.range);
  std::string quoted = "'" + std::string(name.name) + "'";
  if (!data)
    return error(name.range, "no data are called " + quoted +
                                 didYouMean(name.name, checker.namesOf({ast::Kind::Data})));
  if (data->name.empty() || data->value.kind == ValueKind::Mistaken)
    return std::nullopt;
  if (data->kind != ast::Kind::Data)
    return error(name.range, quoted + " is " + nounFor(data->kind) + "; a source is data");
  if (!checker.readsFiles(data->value))
    return error(name.range, "no record has the source " + quoted +
                                 ", which reads no file itself; "
                                 "write source in " +
                                 std::string(name.name));
  Part part = add(Operation::String, name.range, {}, Sort::Text);
  expression.nodes.back().text = name.name;
  return part;
}

FormulaChecker::Result FormulaChecker::buildIn(const ast::Binary &binary) {
  Result left = build(binary.lhs);
  if (!left)
    return std::nullopt;
  const auto *name = ast::as<ast::Name>(binary.rhs);
  Result result;
  if (const auto *range = ast::as<ast::Range>(binary.rhs))
    result = buildBetween(binary, *left, *range);
  else if (binary.rhs->kind == ast::ExprKind::List)
    result = buildAmong(binary, *left);
  else if (name && left->isSource)
    result = buildPassed(binary, *name);
  else
    return error(binary.rhs->range,
                 "expected a range a..b or a list right of 'in', found " + nounFor(binary.rhs));
  if (result && binary.op == NotIn)
    result = add(Operation::Not, binary.range, {*result}, Sort::Truth);
  return result;
}

FormulaChecker::Result FormulaChecker::buildBetween(const ast::Binary &binary, const Part &left,
                                                    const ast::Range &range) {
  Result value = want(Sort::Number, left, binary.lhs->range, "'in'");
  if (range.unit != ast::Unit::None)
    return error(range.range, "an expression is made of plain numbers; found " +
                                  std::string(ast::spelling(range.unit)));
  const auto *lowest = ast::as<ast::Number>(range.low);
  const auto *highest = ast::as<ast::Number>(range.high);
  if (lowest && highest && lowest->scaled > highest->scaled)
    return error(range.range, "the range runs backwards: its first end is the larger one");
  Result low = want(Sort::Number, build(range.low), range.low->range, "a range");
  Result high = want(Sort::Number, build(range.high), range.high->range, "a range");
  if (!value || !low || !high)
    return std::nullopt;
  return add(Operation::Between, binary.range, {*value, *low, *high}, Sort::Truth);
}

FormulaChecker::Result FormulaChecker::buildPassed(const ast::Binary &binary,
                                                   const ast::Name &name) {
  const CheckedDefinition *data = checker.read(name.name, name.range);
  if (!data || (data->kind != ast::Kind::Data && !data->name.empty()))
    return error(name.range, "expected data right of 'in', found '" + std::string(name.name) + "'" +
                                 didYouMean(name.name, checker.namesOf({ast::Kind::Data})));
  expression.nodes.pop_back(); // Passed replaces the reading of `source`
  Part part = add(Operation::Passed, binary.range, {}, Sort::Truth);
  expression.nodes.back().text = name.name;
  expression.nodes.back().scope = Scope::Sequence;
  part.reads = bit(Scope::Sequence);
  part.onlyCounts = false;
  return part;
}

FormulaChecker::Result FormulaChecker::buildAmong(const ast::Binary &binary, const Part &left) {
  std::vector<Part> operands = {left};
  bool isWhole = true;
  for (const ast::Expr *item : ast::as<ast::List>(binary.rhs)->items) {
    Result part = want(left.sort, buildBeside(left, item), item->range, "'in'");
    isWhole &= part.has_value();
    if (part)
      operands.push_back(*part);
  }
  if (!isWhole)
    return std::nullopt;
  return add(Operation::Among, binary.range, std::move(operands), Sort::Truth);
}

FormulaChecker::Result FormulaChecker::buildIf(const ast::If &choice) {
  Result condition = want(Sort::Truth, build(choice.condition), choice.condition->range, "'if'");
  Result then = build(choice.then), otherwise = build(choice.otherwise);
  if (!condition || !then || !otherwise)
    return std::nullopt;
  if (then->sort != otherwise->sort)
    return error(choice.range, "'then' gives " + std::string(spelling(then->sort)) +
                                   " and 'else' gives " + std::string(spelling(otherwise->sort)));
  return add(Operation::If, choice.range, {*condition, *then, *otherwise}, then->sort);
}

} // namespace roux
