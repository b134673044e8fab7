//===- ExpressionPrinter.cpp - an expression in the recipe's syntax -------===//
//
// From the runtime tree, not from the text: params are in place and names
// resolved, so this is what will be computed.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Objective.h"

#include <fmt/format.h>

namespace roux {
namespace {

using Node = Expression::Node;

struct OperatorRow {
  Operation operation;
  std::string_view text;
  int strength; ///< how tightly it binds
};
constexpr OperatorRow operators[] = {
    {Operation::Or, " or ", 1},      {Operation::And, " and ", 2},
    {Operation::Equal, " == ", 4},   {Operation::NotEqual, " != ", 4},
    {Operation::Less, " < ", 4},     {Operation::LessEqual, " <= ", 4},
    {Operation::Greater, " > ", 4},  {Operation::GreaterEqual, " >= ", 4},
    {Operation::Add, " + ", 6},      {Operation::Subtract, " - ", 6},
    {Operation::Multiply, " * ", 7}, {Operation::Divide, " / ", 7},
    {Operation::Power, " ^ ", 9},
};
constexpr int ifStrength = 0, notStrength = 3, inStrength = 4, negateStrength = 8, atom = 10;

struct FunctionRow {
  Operation operation;
  std::string_view name;
};
constexpr FunctionRow functions[] = {
    {Operation::Mod, "mod"},           {Operation::Min, "min"},
    {Operation::Max, "max"},           {Operation::Abs, "abs"},
    {Operation::Exp, "exp"},           {Operation::Log, "log"},
    {Operation::Log2, "log2"},         {Operation::Sqrt, "sqrt"},
    {Operation::Floor, "floor"},       {Operation::Clamp, "clamp"},
    {Operation::Matches, "matches"},   {Operation::Sum, "sum"},
    {Operation::Mean, "mean"},         {Operation::Minimum, "min"},
    {Operation::Maximum, "max"},       {Operation::Count, "count"},
    {Operation::Any, "any"},           {Operation::All, "all"},
    {Operation::Quantile, "quantile"}, {Operation::Softmax, "softmax"},
    {Operation::Entropy, "entropy"},   {Operation::Choice, "choice"},
    {Operation::Sigmoid, "sigmoid"},
};

class Printer {
public:
  explicit Printer(const Expression &expression) : expression(expression) {}

  std::string at(uint32_t index, int around) const {
    auto [text, strength] = print(expression.nodes[index]);
    return strength < around ? "(" + text + ")" : text;
  }

private:
  struct Printed {
    std::string text;
    int strength;
  };
  std::string operand(const Node &node, size_t which, int around) const {
    return at(node.operands[which], around);
  }
  Printed print(const Node &node) const;
  Printed printOperator(const Node &node, const OperatorRow &row) const;
  std::string read(const Node &node) const;
  std::string model(const Node &node) const;
  std::string call(const Node &node, std::string_view name) const;

  const Expression &expression;
};

Printer::Printed Printer::printOperator(const Node &node, const OperatorRow &row) const {
  bool isPower = row.operation == Operation::Power;
  bool isComparison = row.strength == inStrength;
  // a - (b - c) needs its parentheses, a * b * c does not; a power is the other way round.
  int left = row.strength + (isPower || isComparison), right = row.strength + !isPower;
  return {operand(node, 0, left) + std::string(row.text) + operand(node, 1, right), row.strength};
}

std::string Printer::read(const Node &node) const {
  if (node.attribute == Attribute::Field)
    return "field(\"" + node.text + "\")";
  std::string_view name =
      node.attribute == Attribute::Score ? std::string_view(node.text) : spelling(node.attribute);
  return fmt::format("{}.{}", spelling(node.scope), name);
}

std::string Printer::model(const Node &node) const {
  size_t space = node.text.find(' ');
  if (space != std::string::npos)
    return fmt::format("{}({}, token)", node.text.substr(0, space), node.text.substr(space + 1));
  if (node.inner == Scope::Constant)
    return fmt::format("{}({})", node.text, spelling(node.scope));
  return fmt::format("{}({}, given: {})", node.text, spelling(node.scope), spelling(node.inner));
}

std::string Printer::call(const Node &node, std::string_view name) const {
  bool isReduction = node.inner != Scope::Constant;
  if (isReduction && node.operands.empty())
    return fmt::format("{}({})", name, spelling(node.inner));
  std::string text;
  for (size_t i = 0; i < node.operands.size(); ++i) {
    text += (i ? ", " : "") + operand(node, i, 0);
    if (i == 0 && isReduction)
      text += fmt::format(" over {}", spelling(node.inner == Scope::Earlier ? node.inner
                                               : node.inner == Scope::Pairs ? node.inner
                                                                            : node.scope));
  }
  return fmt::format("{}({})", name, text);
}

Printer::Printed Printer::print(const Node &node) const {
  for (const OperatorRow &row : operators)
    if (row.operation == node.operation)
      return printOperator(node, row);
  for (const FunctionRow &row : functions)
    if (row.operation == node.operation)
      return {call(node, row.name), atom};
  switch (node.operation) {
  case Operation::Number:
    return {fmt::format("{}", node.number), node.number < 0 ? negateStrength : atom};
  case Operation::String:
    return {"\"" + node.text + "\"", atom};
  case Operation::Read:
    return {read(node), atom};
  case Operation::Passed:
    return {"source in " + node.text, inStrength};
  case Operation::Negate:
    return {"-" + operand(node, 0, negateStrength), negateStrength};
  case Operation::Not:
    return {"not " + operand(node, 0, notStrength), notStrength};
  case Operation::Between:
    return {operand(node, 0, inStrength + 1) + " in " + operand(node, 1, inStrength + 2) + ".." +
                operand(node, 2, inStrength + 2),
            inStrength};
  case Operation::Among: {
    std::string items;
    for (size_t i = 1; i < node.operands.size(); ++i)
      items += (i > 1 ? ", " : "") + operand(node, i, 0);
    return {operand(node, 0, inStrength + 1) + " in [" + items + "]", inStrength};
  }
  case Operation::If:
    return {"if " + operand(node, 0, 1) + " then " + operand(node, 1, 1) + " else " +
                operand(node, 2, 0),
            ifStrength};
  case Operation::Uniform:
    return {"uniform(" + operand(node, 0, inStrength + 2) + ".." +
                operand(node, 1, inStrength + 2) + ")",
            atom};
  case Operation::Model:
    return {model(node), atom};
  default:
    return {node.text, atom}; // a let
  }
}

} // namespace

std::string print(const Expression &expression) {
  if (expression.empty())
    return "";
  return Printer(expression).at(static_cast<uint32_t>(expression.nodes.size() - 1), 0);
}

} // namespace roux
