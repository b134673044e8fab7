//===- Evaluate.cpp - the value of an expression --------------------------===//
//
// One case a kind of node; arithmetic with Python's rules. Integers that leave
// 64 bits are refused, since Python's would go on exactly.
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
  if (value.list())
    return value.list()->items;
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

static Value power(const Value &left, const Value &right) {
  if (left.real() || right.real() || right.number() < 0)
    return std::pow(left.number(), right.number());
  int64_t result = 1, base = static_cast<int64_t>(left.number());
  for (int64_t left = static_cast<int64_t>(right.number()); left > 0; --left) {
    if (base == 0 || base == 1)
      return base;
    if (__builtin_mul_overflow(result, base, &result))
      throw TemplateError("an integer is larger than 64 bits");
  }
  return result;
}

static Value arithmetic(std::string_view op, const Value &left, const Value &right) {
  double a = left.number(), b = right.number();
  bool real = left.real() || right.real();
  if (op == "**")
    return power(left, right);
  if ((op == "/" || op == "//" || op == "%") && b == 0)
    throw TemplateError("division by zero");
  if (op == "/")
    return a / b;
  if (real)
    return op == "+"    ? a + b
           : op == "-"  ? a - b
           : op == "*"  ? a * b
           : op == "//" ? std::floor(a / b)
                        : a - b * std::floor(a / b);
  auto whole = [](const Value &value) {
    return value.integer() ? *value.integer() : static_cast<int64_t>(*value.boolean());
  };
  int64_t x = whole(left), y = whole(right), result = 0;
  bool overflow = op == "+"   ? __builtin_add_overflow(x, y, &result)
                  : op == "-" ? __builtin_sub_overflow(x, y, &result)
                  : op == "*" ? __builtin_mul_overflow(x, y, &result)
                              : x == INT64_MIN && y == -1;
  if (overflow)
    throw TemplateError("an integer is larger than 64 bits");
  if (op == "//")
    return x / y - (x % y != 0 && (x < 0) != (y < 0));
  if (op == "%")
    return x % y + ((x % y != 0 && (x < 0) != (y < 0)) ? y : 0);
  return result;
}

/// `text * n` and `list * n`.
static Value repeat(Interpreter &interpreter, const Value &value, int64_t times) {
  uint64_t count = times > 0 ? times : 0;
  uint64_t size = value.text() ? value.text()->size() : value.list()->items.size() * sizeof(Value);
  if (size && count > (uint64_t(1) << 40) / size)
    throw TemplateError("the template makes more text than any chat needs");
  interpreter.spend(size * count);
  if (size == 0)
    return value;
  Text text;
  ListValue list;
  for (uint64_t i = 0; i < count; ++i) {
    interpreter.step();
    if (value.text())
      text.append(*value.text());
    else
      list.items.insert(list.items.end(), value.list()->items.begin(), value.list()->items.end());
  }
  return value.text() ? Value(std::move(text)) : Value(std::move(list));
}

Value jinja::binary(Interpreter &interpreter, std::string_view op, const Value &left,
                    const Value &right) {
  if (op == "~") {
    Text joined = left.print();
    Text tail = right.print();
    interpreter.spend(joined.size() + tail.size());
    joined.append(tail);
    return joined;
  }
  require(left);
  require(right);
  if (left.isNumber() && right.isNumber())
    return arithmetic(op, left, right);
  if (op == "+" && left.text() && right.text()) {
    interpreter.spend(left.text()->size() + right.text()->size());
    Text joined = *left.text();
    joined.append(*right.text());
    return joined;
  }
  if (op == "+" && left.list() && right.list()) {
    ListValue joined = *left.list();
    const auto &tail = right.list()->items;
    interpreter.spend((joined.items.size() + tail.size()) * sizeof(Value));
    joined.items.insert(joined.items.end(), tail.begin(), tail.end());
    return joined;
  }
  if (op == "*" && (left.text() || left.list()) && right.integer())
    return repeat(interpreter, left, *right.integer());
  if (op == "*" && (right.text() || right.list()) && left.integer())
    return repeat(interpreter, right, *left.integer());
  refuse(op, left, right);
}

Value Interpreter::evaluate(const Node &node) {
  step();
  struct Depth {
    int &depth;
    ~Depth() { --depth; }
  } guard{++depth};
  if (depth > left.depth * 4)
    throw TemplateError(fmt::format("line {}: macros call each other too deeply", node.line));
  try {
    return evaluateNode(node);
  } catch (const TemplateError &error) {
    if (std::string_view(error.what()).starts_with("line "))
      throw;
    throw TemplateError(fmt::format("line {}: {}", node.line, error.what()));
  }
}

Value Interpreter::evaluateName(const Node &node) {
  for (size_t i = scopes.size(); i-- > 0;)
    if (const Value *found = scopes[i].find(node.name))
      return *found;
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
    return binary(*this, node.name, left, child(1));
  }
  case NodeKind::Negate:
    return binary(*this, "-", int64_t(0), child(0));
  case NodeKind::Plus:
    return binary(*this, "+", int64_t(0), child(0));
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
