//===- Expression.cpp - the interpreter of a recipe's expressions ---------===//
//
// Numbers take the short way through number(); texts, distributions and what
// the environment supplies go through value(). `if`, `and` and `or` evaluate
// only what decides them, so that a guard protects what it guards.
//
//===----------------------------------------------------------------------===//
#include "runtime/Expression.h"

#include "runtime/Maths.h"
#include "runtime/RegularExpression.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <stdexcept>

namespace roux {
namespace {

using Node = Expression::Node;
using enum Operation;

class Evaluator {
public:
  Evaluator(const Expression &expression, const Environment *environment)
      : expression(expression), environment(environment) {}

  Value value(uint32_t index) const;
  double number(uint32_t index) const;

private:
  const Node &at(uint32_t index) const { return expression.nodes[index]; }
  double operand(const Node &node, size_t which) const { return number(node.operands[which]); }
  const Environment &rows() const {
    if (!environment)
      throw std::domain_error("an expression without rows reads an attribute");
    return *environment;
  }
  bool equal(uint32_t left, uint32_t right) const { return value(left) == value(right); }
  bool among(const Node &node) const;
  bool matches(const Node &node) const;
  double extreme(const Node &node) const;
  double reduce(const Node &node) const;
  double entropy(const Node &node) const;
  double draw(const Node &node, uint32_t index) const;
  /// Operand 0 for every row the reduction visits.
  std::vector<double> visit(const Node &node) const;

  const Expression &expression;
  const Environment *environment;
};

double asNumber(const Value &value) {
  if (const double *number = std::get_if<double>(&value))
    return *number;
  if (const std::string *text = std::get_if<std::string>(&value))
    throw std::domain_error("\"" + *text + "\" is not a number");
  throw std::domain_error("a distribution is not a number");
}

const std::string &asText(const Value &value) {
  if (const std::string *text = std::get_if<std::string>(&value))
    return *text;
  if (const double *number = std::get_if<double>(&value))
    throw std::domain_error(fmt::format("{} is not a text", *number));
  throw std::domain_error("a distribution is not a text");
}

/// The value below which a share of the sorted values lies, between neighbours in a line.
double quantile(std::vector<double> values, double share) {
  if (values.empty())
    return std::numeric_limits<double>::quiet_NaN();
  std::ranges::sort(values);
  double place = std::clamp(share, 0.0, 1.0) * static_cast<double>(values.size() - 1);
  size_t below = static_cast<size_t>(place);
  if (below + 1 >= values.size())
    return values.back();
  return values[below] + (place - static_cast<double>(below)) * (values[below + 1] - values[below]);
}

std::vector<double> softmax(std::vector<double> values) {
  if (values.empty())
    return values;
  double largest = std::ranges::max(values), total = 0;
  for (double &value : values)
    total += value = maths::exp(value - largest);
  for (double &value : values)
    value /= total;
  return values;
}

double limited(double x, double low, double high) { // not a number stays so
  return x < low ? low : x > high ? high : x;
}

/// Of a large number on either side no exponential overflows.
double logSigmoid(double x) {
  double small = maths::log(1 + maths::exp(x < 0 ? x : -x));
  return x < 0 ? x - small : -small;
}

double floorMod(double a, double b) {
  double rest = std::fmod(a, b); // exact, so the same everywhere
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

std::vector<double> Evaluator::visit(const Node &node) const {
  std::vector<double> values;
  rows().forEach(node.inner, node.scope, node.countsAll, [&](const Environment &row) {
    values.push_back(node.operands.empty() ? 1
                                           : Evaluator(expression, &row).number(node.operands[0]));
  });
  return values;
}

double Evaluator::reduce(const Node &node) const {
  std::vector<double> values = visit(node);
  double total = 0;
  for (double value : values)
    total += value;
  switch (node.operation) {
  case Sum:
    return total;
  case Mean:
    return total / static_cast<double>(values.size());
  case Count:
    return static_cast<double>(std::ranges::count_if(values, [](double v) { return v != 0; }));
  case Any:
    return std::ranges::any_of(values, [](double v) { return v != 0; });
  case All:
    return std::ranges::all_of(values, [](double v) { return v != 0; });
  case Minimum:
    return values.empty() ? std::numeric_limits<double>::infinity() : std::ranges::min(values);
  case Maximum:
    return values.empty() ? -std::numeric_limits<double>::infinity() : std::ranges::max(values);
  default:
    return quantile(std::move(values), operand(node, 1));
  }
}

double Evaluator::entropy(const Node &node) const {
  std::vector<double> shares;
  if (node.inner != Scope::Constant)
    shares = visit(node);
  else if (Value distribution = value(node.operands[0]);
           auto *values = std::get_if<std::vector<double>>(&distribution))
    shares = std::move(*values);
  else
    throw std::domain_error("the entropy of one number is not a number");
  double total = 0;
  for (double share : shares)
    total -= share > 0 ? share * maths::log(share) : share;
  return total;
}

double Evaluator::draw(const Node &node, uint32_t index) const {
  auto draws = [](const Node &other) {
    return other.operation == Uniform || other.operation == Choice;
  };
  auto number = static_cast<uint32_t>(
      std::count_if(expression.nodes.begin(), expression.nodes.begin() + index, draws));
  double chance = rows().draw(node.scope, number);
  if (node.operation == Choice) {
    auto count = static_cast<double>(node.operands.size());
    auto chosen = static_cast<size_t>(std::min(chance * count, count - 1));
    return operand(node, chosen);
  }
  double low = std::ceil(operand(node, 0)), high = std::floor(operand(node, 1));
  return std::max(low, std::min(high, low + std::floor(chance * (high - low + 1))));
}

bool Evaluator::among(const Node &node) const {
  return std::any_of(node.operands.begin() + 1, node.operands.end(),
                     [&](uint32_t other) { return equal(node.operands[0], other); });
}

bool Evaluator::matches(const Node &node) const {
  Value text = value(node.operands[0]), pattern = value(node.operands[1]);
  return RegularExpression(asText(pattern)).found(asText(text));
}

double Evaluator::extreme(const Node &node) const {
  double best = operand(node, 0);
  for (size_t i = 1; i < node.operands.size(); ++i) {
    double other = operand(node, i);
    if (std::isnan(other) || (node.operation == Min ? other < best : other > best))
      best = other;
  }
  return best;
}

Value Evaluator::value(uint32_t index) const {
  const Node &node = at(index);
  switch (node.operation) {
  case String:
    return node.text;
  case Read:
  case Passed:
  case Let:
  case Model:
    return rows().read(node);
  case If:
    return value(node.operands[operand(node, 0) != 0 ? 1 : 2]);
  case Softmax:
    return softmax(visit(node));
  default:
    return number(index);
  }
}

double Evaluator::number(uint32_t index) const {
  const Node &node = at(index);
  switch (node.operation) {
  case Number:
    return node.number;
  case Negate:
    return -operand(node, 0);
  case Not:
    return operand(node, 0) == 0;
  case Add:
    return operand(node, 0) + operand(node, 1);
  case Subtract:
    return operand(node, 0) - operand(node, 1);
  case Multiply:
    return operand(node, 0) * operand(node, 1);
  case Divide:
    return operand(node, 0) / operand(node, 1);
  case Power:
    return maths::pow(operand(node, 0), operand(node, 1));
  case Mod:
    return floorMod(operand(node, 0), operand(node, 1));
  case Equal:
    return equal(node.operands[0], node.operands[1]);
  case NotEqual:
    return !equal(node.operands[0], node.operands[1]);
  case Less:
    return operand(node, 0) < operand(node, 1);
  case LessEqual:
    return operand(node, 0) <= operand(node, 1);
  case Greater:
    return operand(node, 0) > operand(node, 1);
  case GreaterEqual:
    return operand(node, 0) >= operand(node, 1);
  case And:
    return operand(node, 0) != 0 && operand(node, 1) != 0;
  case Or:
    return operand(node, 0) != 0 || operand(node, 1) != 0;
  case Between: {
    double x = operand(node, 0);
    return operand(node, 1) <= x && x <= operand(node, 2);
  }
  case Among:
    return among(node);
  case If:
    return operand(node, operand(node, 0) != 0 ? 1 : 2);
  case Min:
  case Max:
    return extreme(node);
  case Abs:
    return std::fabs(operand(node, 0));
  case Exp:
    return maths::exp(operand(node, 0));
  case Log:
    if (const Node &inner = at(node.operands[0]); inner.operation == Sigmoid)
      return logSigmoid(operand(inner, 0));
    return maths::log(operand(node, 0));
  case Sigmoid:
    return maths::exp(logSigmoid(operand(node, 0)));
  case Log2:
    return maths::log2(operand(node, 0));
  case Sqrt:
    return std::sqrt(operand(node, 0)); // correctly rounded by IEEE 754, so the same everywhere
  case Floor:
    return std::floor(operand(node, 0));
  case Clamp:
    return limited(operand(node, 0), operand(node, 1), operand(node, 2));
  case Matches:
    return matches(node);
  case Sum:
  case Mean:
  case Minimum:
  case Maximum:
  case Count:
  case Any:
  case All:
  case Quantile:
    return reduce(node);
  case Entropy:
    return entropy(node);
  case Uniform:
  case Choice:
    return draw(node, index);
  case String:
  case Read:
  case Passed:
  case Let:
  case Softmax:
  case Model:
    return asNumber(value(index));
  }
  throw std::domain_error("an expression holds an unknown operation");
}

uint32_t rootOf(const Expression &expression) {
  if (expression.empty())
    throw std::domain_error("an empty expression is not a number");
  return static_cast<uint32_t>(expression.nodes.size() - 1);
}

/// What a node reads outside reductions, added to by its operands.
Scope narrower(Scope a, Scope b) {
  if (a == Scope::Constant || b == Scope::Constant)
    return a == Scope::Constant ? b : a;
  return std::min(a, b);
}

bool isReduction(const Node &node) {
  return node.inner != Scope::Constant;
}

} // namespace

Scope Expression::scope() const {
  std::vector<bool> outside(nodes.size(), false);
  Scope found = Scope::Constant;
  if (!nodes.empty())
    outside.back() = true;
  for (size_t i = nodes.size(); i-- > 0;) {
    if (!outside[i])
      continue;
    found = narrower(found, nodes[i].scope);
    // A reduction is a value of the row it reduces over; what it visits is inside.
    for (size_t which = isReduction(nodes[i]) ? 1 : 0; which < nodes[i].operands.size(); ++which)
      outside[nodes[i].operands[which]] = true;
  }
  return found;
}

bool Expression::usesModel() const {
  return std::ranges::any_of(nodes, [](const Node &node) {
    return node.operation == Read &&
           (node.attribute == Attribute::Nll || node.attribute == Attribute::LogSumExp ||
            node.attribute == Attribute::LogP);
  });
}

bool Expression::readsPairs() const {
  return std::ranges::any_of(nodes, [](const Node &node) {
    return node.operation == Read && (node.scope == Scope::Chosen || node.scope == Scope::Rejected);
  });
}

Value evaluate(const Expression &expression, const Environment &environment) {
  return Evaluator(expression, &environment).value(rootOf(expression));
}

double evaluateNumber(const Expression &expression, const Environment &environment) {
  return Evaluator(expression, &environment).number(rootOf(expression));
}

Value evaluateConstant(const Expression &expression) {
  return Evaluator(expression, nullptr).value(rootOf(expression));
}

std::string_view spelling(Scope scope) {
  constexpr std::string_view names[] = {"constant", "token",  "turn",    "span",  "sequence",
                                        "pack",     "bucket", "step",    "later", "earlier",
                                        "pairs",    "chosen", "rejected"};
  return names[static_cast<size_t>(scope)];
}

std::string_view spelling(Attribute attribute) {
  constexpr std::string_view names[] = {
      "index",    "id",     "position", "role",  "nll",       "logsumexp", "tokens",    "targets",
      "text",     "record", "turns",    "spans", "source",    "field",     "sequences", "length",
      "progress", "packs",  "score",    "logp",  "reference", "characters"};
  return names[static_cast<size_t>(attribute)];
}

} // namespace roux
