//===- Quantities.cpp - numbers, units and ranges -------------------------===//
//
// A number carries what it counts through constant arithmetic to the parameter
// that expects it. Steps never become tokens on the way.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Checker.h"
#include "compiler/frontend/Nouns.h"
#include "runtime/Maths.h"

#include <bit>
#include <cmath>

namespace roux {

using namespace type;

static CheckedValue mistaken(SourceRange where) {
  CheckedValue value;
  value.kind = ValueKind::Mistaken;
  value.where = where;
  return value;
}

std::optional<Quantity> Checker::withUnit(std::optional<Quantity> value, ast::Unit unit,
                                          SourceRange where) {
  if (!value || unit == ast::Unit::None)
    return value;
  if (value->measure != Measure::Plain && value->measure != measureOf(unit)) {
    diagnostics.error(Code::WrongUnit, where,
                      nounFor(value->measure) + " cannot be counted in " +
                          std::string(ast::spelling(unit)));
    return std::nullopt;
  }
  value->measure = measureOf(unit);
  return value;
}

std::optional<Quantity> Checker::fold(const ast::Expr *expr) {
  if (const auto *number = ast::as<ast::Number>(expr)) {
    Quantity value{number->scaled, Measure::Plain, {}, {}};
    if (number->suffix == ast::Suffix::Percent)
      value.measure = Measure::Percent;
    else if (number->suffix >= ast::Suffix::KiB)
      value.measure = Measure::Bytes;
    return withUnit(value, number->unit, number->range);
  }
  if (const auto *name = ast::as<ast::Name>(expr))
    return foldName(*name);
  if (const auto *group = ast::as<ast::Group>(expr))
    return withUnit(fold(group->inner), group->unit, group->range);
  if (const auto *unary = ast::as<ast::Unary>(expr); unary && unary->op == ast::UnaryOp::Negate) {
    std::optional<Quantity> value = fold(unary->operand);
    if (value)
      value->value = -value->value;
    return value;
  }
  if (const auto *binary = ast::as<ast::Binary>(expr);
      binary && binary->op >= ast::BinaryOp::Add && binary->op <= ast::BinaryOp::Power)
    return combine(*binary);
  if (expr->kind != ast::ExprKind::Error)
    diagnostics.error(Code::WrongValue, expr->range, "expected a number, found " + nounFor(expr));
  return std::nullopt;
}

std::optional<Quantity> Checker::foldName(const ast::Name &name) {
  const CheckedDefinition *param = read(name.name, name.range);
  if (param && param->value.kind == ValueKind::Mistaken)
    return std::nullopt;
  if (!param) {
    diagnostics.error(Code::UnknownName, name.range,
                      "nothing is called '" + std::string(name.name) + "'" +
                          didYouMean(name.name, namesOf({ast::Kind::Param})));
    return std::nullopt;
  }
  if (param->kind != ast::Kind::Param || param->value.kind != ValueKind::Number) {
    std::string found =
        param->kind == ast::Kind::Param ? nounFor(param->value) : nounFor(param->kind);
    diagnostics.error(Code::WrongValue, name.range,
                      "expected a number, found '" + param->name + "', " + found);
    return std::nullopt;
  }
  return Quantity{param->value.number, param->value.measure, param->value.origin,
                  param->value.where};
}

std::optional<Quantity> Checker::combine(const ast::Binary &binary) {
  std::optional<Quantity> left = fold(binary.lhs), right = fold(binary.rhs);
  if (!left || !right)
    return std::nullopt;
  double a = left->value, b = right->value;
  auto refuse = [&](const char *rule) -> std::optional<Quantity> {
    diagnostics.error(Code::WrongUnit, binary.range,
                      std::string(rule) + "; found " + nounFor(left->measure) + " and " +
                          nounFor(right->measure));
    return std::nullopt;
  };
  bool isPlain = right->measure == Measure::Plain;
  switch (binary.op) {
  case ast::BinaryOp::Add:
  case ast::BinaryOp::Subtract:
    if (left->measure != right->measure)
      return refuse("sums and differences need one unit");
    return Quantity{binary.op == ast::BinaryOp::Add ? a + b : a - b, left->measure, {}, {}};
  case ast::BinaryOp::Multiply:
    if (left->measure != Measure::Plain && !isPlain)
      return refuse("a product has at most one unit");
    return Quantity{a * b, isPlain ? left->measure : right->measure, {}, {}};
  case ast::BinaryOp::Divide:
    if (!isPlain && left->measure != right->measure)
      return refuse("a quotient needs one unit, or none below");
    return Quantity{a / b, isPlain ? left->measure : Measure::Plain, {}, {}};
  default:
    if (!isPlain || left->measure != Measure::Plain)
      return refuse("a power is one of plain numbers");
    return Quantity{maths::pow(a, b), Measure::Plain, {}, {}};
  }
}

bool Checker::settle(Quantity &value, SourceRange where, const Slot &slot) {
  uint32_t measures = slot.parameter.measures;
  uint32_t units = measures & ~(bit(Measure::Percent) | bit(Measure::Bytes));
  bool isOpen = value.measure == Measure::Plain && !(measures & bit(Measure::Plain));
  if (isOpen && std::popcount(units) == 1)
    value.measure = static_cast<Measure>(std::countr_zero(units));
  else if (isOpen && std::popcount(units) > 1) {
    mismatch(where, "no unit", slot, "", Code::WrongUnit);
    return false;
  }
  if (!(measures & bit(value.measure))) {
    std::string hint = value.measure != Measure::Plain    ? ""
                       : measures & bit(Measure::Percent) ? "; a percentage is written 5%"
                       : measures & bit(Measure::Bytes)   ? "; bytes are written 80GB"
                                                          : "";
    mismatch(where, nounFor(value.measure), slot, hint, Code::WrongUnit);
    return false;
  }
  return bounded(value, where, slot);
}

bool Checker::bounded(const Quantity &value, SourceRange where, const Slot &slot) {
  std::string name = nameOf(slot.parameter, slot.owner);
  auto refuse = [&](const std::string &rule) {
    diagnostics.error(Code::OutOfRange, where, name + " " + rule);
    return false;
  };
  double x = value.value;
  if (!std::isfinite(x))
    return refuse("is not a finite number");
  if (value.measure == Measure::Percent && slot.parameter.bound != Bound::Any && x > 1)
    return refuse("is a share: at most 100%");
  switch (slot.parameter.bound) {
  case Bound::Any:
    return true;
  case Bound::NotNegative:
    return x >= 0 || refuse("must not be negative");
  case Bound::Positive:
    return x > 0 || refuse("must be more than zero");
  case Bound::Whole:
  case Bound::Count:
    if (value.measure == Measure::Percent)
      return x > 0 || refuse("must be more than zero");
    if (std::floor(x) != x || std::fabs(x) > 0x1p53)
      return refuse("must be a whole number");
    return x >= (slot.parameter.bound == Bound::Count) ||
           refuse(slot.parameter.bound == Bound::Count ? "must be at least 1"
                                                       : "must not be negative");
  }
  return true;
}

CheckedValue Checker::checkNumber(const ast::Expr *expr, const Slot &slot) {
  std::optional<Quantity> quantity = fold(expr);
  if (!quantity || !settle(*quantity, expr->range, slot))
    return mistaken(expr->range);
  CheckedValue value;
  value.kind = ValueKind::Number;
  value.number = quantity->value;
  value.measure = quantity->measure;
  value.where = expr->range;
  return value;
}

CheckedValue Checker::checkRange(const ast::Range &range, const Slot &slot) {
  std::optional<Quantity> low = fold(range.low);
  std::optional<Quantity> high = withUnit(fold(range.high), range.unit, range.range);
  if (!low || !high)
    return mistaken(range.range);
  if (low->measure == Measure::Plain && range.unit != ast::Unit::None)
    low->measure = high->measure;
  if (low->measure != high->measure) {
    diagnostics.error(Code::WrongUnit, range.range,
                      "both ends of a range need one unit; found " + nounFor(low->measure) +
                          " and " + nounFor(high->measure));
    return mistaken(range.range);
  }
  if (low->value > high->value) {
    diagnostics.error(Code::OutOfRange, range.range,
                      "the range runs backwards: its first end is the larger one");
    return mistaken(range.range);
  }
  if (!settle(*low, range.low->range, slot) || !settle(*high, range.high->range, slot))
    return mistaken(range.range);
  CheckedValue value;
  value.kind = ValueKind::Range;
  value.number = low->value;
  value.high = high->value;
  value.measure = low->measure;
  value.where = range.range;
  return value;
}

} // namespace roux
