//===- Evaluate.cpp - the value of an expression --------------------------===//
//
// One case a kind of node; arithmetic with Python's rules, whose integers have no
// largest one.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Interpreter.h"

#include <cmath>
#include <fmt/format.h>

namespace roux::data {

using namespace jinja;

const Value &jinja::require(const Value &value) {
  if (value.isUndefined())
    throw TemplateError(fmt::format("'{}' is undefined", value.undefinedName()));
  return value;
}

std::vector<Value> jinja::iterate(const Value &value) {
  if (value.list()) {
    meter::bytes(value.list()->items.size() * sizeof(Value));
    return value.list()->items;
  }
  std::vector<Value> items;
  if (value.map() && !value.map()->isNamespace) {
    for (const auto &entry : value.map()->entries)
      items.emplace_back(entry.first);
  } else if (value.text()) {
    for (size_t at = 0; at < value.text()->size();) {
      size_t begin = at;
      nextCodePoint(value.text()->view(), at);
      items.emplace_back(value.text()->slice(begin, at));
    }
  } else if (!value.isUndefined()) {
    throw TemplateError(fmt::format("a value of type {} has no items", value.typeName()));
  }
  return items;
}

[[noreturn]] static void refuse(std::string_view op, const Value &left, const Value &right) {
  throw TemplateError(
      fmt::format("'{}' between values of type {} and {}", op, left.typeName(), right.typeName()));
}

/// Refused before it is computed: an integer of so many digits cannot be printed.
static void checkBits(double bits) {
  if (bits > 1 << 16)
    throw TemplateError("an integer has more than 4300 digits");
}

static Value power(const Value &left, const Value &right) {
  if (left.real() || right.real() || right.number() < 0)
    return std::pow(left.number(), right.number());
  mpz_class base = left.whole(), exponent = right.whole(), result = 1;
  if (base == 0 || base == 1 || base == -1) {
    bool negative = base == -1 && mpz_odd_p(exponent.get_mpz_t());
    return exponent == 0 ? int64_t(1) : negative ? int64_t(-1) : int64_t(base != 0);
  }
  checkBits(mpz_sizeinbase(base.get_mpz_t(), 2) * exponent.get_d());
  mpz_pow_ui(result.get_mpz_t(), base.get_mpz_t(), exponent.get_ui());
  return result;
}

/// The float next to x / y.
static double quotient(const mpz_class &x, const mpz_class &y) {
  constexpr int extra = 128; // bits behind the point that decide how it rounds
  mpz_class scaled = x << extra, whole = scaled / y;
  if (whole * y != scaled)
    whole |= 1; // there is more behind
  return std::ldexp(Value(whole).number(), -extra);
}

static Value arithmeticOfReals(std::string_view op, double a, double b) {
  if (op == "+" || op == "-")
    return op == "+" ? a + b : a - b;
  if (op == "*")
    return a * b;
  // As CPython divides: the remainder is exact and has the divisor's sign.
  double remainder = std::fmod(a, b);
  if (remainder != 0 && (b < 0) != (remainder < 0))
    remainder += b;
  if (op == "%")
    return remainder == 0 ? std::copysign(0.0, b) : remainder;
  double quotient = std::round((a - remainder) / b);
  return quotient == 0 ? std::copysign(0.0, a / b) : quotient;
}

/// Integers whose result has an int64_t.
static std::optional<int64_t> smallArithmetic(std::string_view op, int64_t x, int64_t y) {
  int64_t result = 0;
  bool overflow = op == "+"   ? __builtin_add_overflow(x, y, &result)
                  : op == "-" ? __builtin_sub_overflow(x, y, &result)
                  : op == "*" ? __builtin_mul_overflow(x, y, &result)
                              : x == INT64_MIN && y == -1;
  if (overflow)
    return std::nullopt;
  bool rounds = (op == "//" || op == "%") && x % y != 0 && (x < 0) != (y < 0);
  return op == "//" ? x / y - rounds : op == "%" ? x % y + (rounds ? y : 0) : result;
}

static Value arithmetic(std::string_view op, const Value &left, const Value &right) {
  if (op == "**")
    return power(left, right);
  bool divides = op == "/" || op == "//" || op == "%";
  if (divides && !right.isTrue())
    throw TemplateError("division by zero");
  if (left.real() || right.real())
    return op == "/" ? Value(left.number() / right.number())
                     : arithmeticOfReals(op, left.number(), right.number());
  if (op == "/")
    return quotient(left.whole(), right.whole());
  if (!left.large() && !right.large()) {
    auto small = [](const Value &value) {
      return value.integer() ? *value.integer() : static_cast<int64_t>(*value.boolean());
    };
    if (std::optional<int64_t> result = smallArithmetic(op, small(left), small(right)))
      return *result;
  }
  mpz_class x = left.whole(), y = right.whole(), result;
  if (op == "+")
    result = x + y;
  else if (op == "-")
    result = x - y;
  else if (op == "*")
    result = x * y;
  else if (op == "//")
    mpz_fdiv_q(result.get_mpz_t(), x.get_mpz_t(), y.get_mpz_t());
  else
    mpz_fdiv_r(result.get_mpz_t(), x.get_mpz_t(), y.get_mpz_t());
  return result;
}

/// `text * n` and `list * n`.
static Value repeat(const Value &value, const Value &number) {
  int64_t times = number.integer() ? *number.integer() : sgn(*number.large()) * INT64_MAX;
  uint64_t count = times > 0 ? times : 0;
  uint64_t size = value.text() ? value.text()->size() : value.list()->items.size() * sizeof(Value);
  if (size == 0)
    return value;
  meter::bytes(count > (uint64_t(1) << 40) / size ? UINT64_MAX : size * count);
  Text text;
  ListValue list;
  for (uint64_t i = 0; i < count; ++i) {
    meter::step();
    if (value.text())
      text.append(*value.text());
    else
      list.items.insert(list.items.end(), value.list()->items.begin(), value.list()->items.end());
  }
  return value.text() ? Value(std::move(text)) : Value(std::move(list));
}

Value jinja::binary(std::string_view op, const Value &left, const Value &right) {
  if (op == "~") {
    Text joined = left.print();
    joined.isMarkup = false;
    joined.append(right.print());
    return joined;
  }
  require(left);
  require(right);
  if (left.isNumber() && right.isNumber())
    return arithmetic(op, left, right);
  if (op == "+" && left.text() && right.text()) {
    meter::bytes(left.text()->size());
    bool isMarkup = left.text()->isMarkup || right.text()->isMarkup;
    auto side = [&](const Text &text) { return isMarkup && !text.isMarkup ? escaped(text) : text; };
    Text joined = side(*left.text());
    joined.append(isMarkup ? side(*right.text()) : *right.text());
    joined.isMarkup = isMarkup;
    return joined;
  }
  if (op == "+" && left.list() && right.list()) {
    ListValue joined = *left.list();
    const auto &tail = right.list()->items;
    meter::bytes((joined.items.size() + tail.size()) * sizeof(Value));
    joined.items.insert(joined.items.end(), tail.begin(), tail.end());
    return joined;
  }
  if (op == "*" && (left.text() || left.list()) && right.isInteger())
    return repeat(left, right);
  if (op == "*" && (right.text() || right.list()) && left.isInteger())
    return repeat(right, left);
  refuse(op, left, right);
}

Value Interpreter::evaluate(const Node &node) {
  try {
    meter::Level level;
    meter::step();
    return evaluateNode(node);
  } catch (const TemplateError &error) {
    if (std::string_view(error.what()).starts_with("line "))
      throw;
    throw TemplateError(fmt::format("line {}: {}", node.line, error.what()));
  }
}

Value Interpreter::evaluateName(const Node &node) {
  for (size_t i = scopes.size(); i-- > 0;) {
    meter::step();
    if (const Value *found = scopes[i].find(node.name))
      return *found;
    if (scopes[i].items && node.name == "loop") {
      scopes[i].set("loop", describeRound(i));
      return *scopes[i].find("loop");
    }
  }
  return Undefined{node.name};
}

static bool compare(std::string_view op, const Value &left, const Value &right) {
  if (op == "==" || op == "!=")
    return equal(left, right) == (op == "==");
  if (op == "in" || op == "not in")
    return contains(right, left) == (op == "in");
  require(left);
  require(right);
  if (op == "<" || op == ">=")
    return less(left, right) == (op == "<");
  return less(right, left) == (op == ">");
}

Value Interpreter::evaluateCompare(const Node &node) {
  Value left = evaluate(*node.children[0]);
  for (size_t i = 0; i < node.names.size(); ++i) {
    Value right = evaluate(*node.children[i + 1]);
    if (!compare(node.names[i], left, right))
      return false;
    left = std::move(right);
  }
  return true;
}

Value Interpreter::evaluateSubscript(const Node &node) {
  Value base = evaluate(*node.children[0]);
  const Node &index = *node.children[1];
  if (index.kind != NodeKind::Slice)
    return subscript(base, evaluate(index));
  auto bound = [&](size_t i) { return index.children[i] ? evaluate(*index.children[i]) : Value(); };
  Value begin = bound(0), end = bound(1);
  return slice(base, begin, end, bound(2));
}

Value Interpreter::evaluateSequence(const Node &node) {
  ListValue list;
  list.tuple = node.kind == NodeKind::Tuple;
  for (const NodePtr &child : node.children)
    list.items.push_back(evaluate(*child));
  return list;
}

Value Interpreter::evaluateMap(const Node &node) {
  MapValue map;
  for (size_t i = 0; i < node.children.size(); i += 2) {
    Value key = evaluate(*node.children[i]);
    if (!key.text())
      throw TemplateError(
          fmt::format("a dictionary's key has type {}, expected str", key.typeName()));
    map.set(key.text()->view(), evaluate(*node.children[i + 1]));
  }
  return map;
}

Arguments Interpreter::evaluateArguments(const Node &node) {
  Arguments arguments;
  size_t named = node.children.size() - node.names.size();
  for (size_t i = 1; i < node.children.size(); ++i) {
    Value value = evaluate(*node.children[i]);
    if (i < named)
      arguments.positional.push_back(std::move(value));
    else
      arguments.named.emplace_back(node.names[i - named], std::move(value));
  }
  return arguments;
}

Value Interpreter::evaluateNode(const Node &node) {
  auto child = [&](size_t i) { return evaluate(*node.children[i]); };
  switch (node.kind) {
  case NodeKind::Literal:
    return node.literal;
  case NodeKind::Name:
    return evaluateName(node);
  case NodeKind::List:
  case NodeKind::Tuple:
    return evaluateSequence(node);
  case NodeKind::Map:
    return evaluateMap(node);
  case NodeKind::Conditional:
    if (child(1).isTrue())
      return child(0);
    return node.children[2] ? child(2) : Value(Undefined{"the value without an else"});
  case NodeKind::Or: {
    Value left = child(0);
    return left.isTrue() ? left : child(1);
  }
  case NodeKind::And: {
    Value left = child(0);
    return left.isTrue() ? child(1) : left;
  }
  case NodeKind::Not:
    return !child(0).isTrue();
  case NodeKind::Compare:
    return evaluateCompare(node);
  case NodeKind::Binary: {
    Value left = child(0);
    return binary(node.name, left, child(1));
  }
  case NodeKind::Negate: {
    Value value = child(0);
    return value.real() ? Value(-*value.real()) : binary("-", int64_t(0), value);
  }
  case NodeKind::Plus:
    return binary("+", int64_t(0), child(0));
  case NodeKind::Attribute:
    return attribute(child(0), node.name);
  case NodeKind::Subscript:
    return evaluateSubscript(node);
  case NodeKind::Call: {
    Value callee = child(0);
    Arguments arguments = evaluateArguments(node);
    return call(callee, arguments);
  }
  case NodeKind::Filter: {
    Value value = child(0);
    Arguments arguments = evaluateArguments(node);
    return filter(node.name, value, arguments);
  }
  case NodeKind::Test: {
    Value value = child(0);
    return test(node.name, value, evaluateArguments(node));
  }
  default:
    break;
  }
  throw TemplateError("a statement stands where a value is expected");
}

} // namespace roux::data
