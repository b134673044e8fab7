//===- Monomial.cpp - a formula as a product of powers --------------------===//
//
// Only what is a product for every value of its factors is taken apart: a power
// of a product is not, unless its exponent is whole. (Counts are not negative.)
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Monomial.h"

#include "compiler/frontend/Objective.h"
#include "runtime/Maths.h"

#include <cmath>
#include <fmt/format.h>

namespace roux {

void Monomial::multiply(const std::string &key, Factor factor) {
  auto [at, isNew] = factors.emplace(key, factor);
  if (!isNew)
    at->second.exponent += factor.exponent;
  if (std::fabs(at->second.exponent) < 1e-12)
    factors.erase(at);
}

Monomial Monomial::takeUpTo(Scope scope) {
  Monomial taken;
  for (auto at = factors.begin(); at != factors.end();)
    if (at->second.scope <= scope) {
      taken.factors.insert(*at);
      at = factors.erase(at);
    } else {
      ++at;
    }
  return taken;
}

std::string Monomial::key() const {
  std::string text = coefficient == 1 ? "" : fmt::format("{} ", coefficient);
  for (const auto &[factor, power] : factors)
    text += fmt::format("{}^{} ", factor, power.exponent);
  return text;
}

Expression subtree(const Expression &expression, uint32_t root) {
  Expression copy;
  auto visit = [&](auto &self, uint32_t index) -> uint32_t {
    Expression::Node node = expression.nodes[index];
    for (uint32_t &operand : node.operands)
      operand = self(self, operand);
    copy.nodes.push_back(std::move(node));
    return static_cast<uint32_t>(copy.nodes.size() - 1);
  };
  visit(visit, root);
  return copy;
}

std::optional<double> constantAt(const Expression &expression, uint32_t node) {
  Expression part = subtree(expression, node);
  for (const Expression::Node &inner : part.nodes)
    if (inner.scope != Scope::Constant || inner.operation == Operation::String ||
        inner.operation == Operation::Let)
      return std::nullopt;
  Value value = evaluateConstant(part);
  const double *number = std::get_if<double>(&value);
  return number ? std::optional(*number) : std::nullopt;
}

/// sum(e over S) is known by its factors, so that differently written sums meet.
static std::string keyOf(const Expression &part) {
  const Expression::Node &root = part.root();
  if (root.operation != Operation::Sum)
    return print(part);
  Monomial body = asMonomial(subtree(part, root.operands[0]));
  return fmt::format("sum over {}: {}", spelling(root.scope), body.key());
}

static void collect(const Expression &expression, uint32_t index, double exponent,
                    Monomial &result) {
  const Expression::Node &node = expression.nodes[index];
  if (std::optional<double> constant = constantAt(expression, index)) {
    result.coefficient *= maths::pow(*constant, exponent);
    return;
  }
  std::optional<double> power;
  if (node.operation == Operation::Power)
    power = constantAt(expression, node.operands[1]);
  if (node.operation == Operation::Multiply || node.operation == Operation::Divide) {
    collect(expression, node.operands[0], exponent, result);
    collect(expression, node.operands[1],
            node.operation == Operation::Multiply ? exponent : -exponent, result);
  } else if (node.operation == Operation::Negate) {
    result.coefficient = -result.coefficient;
    collect(expression, node.operands[0], exponent, result);
  } else if (power && (std::floor(*power) == *power ||
                       expression.nodes[node.operands[0]].operation == Operation::Read)) {
    collect(expression, node.operands[0], exponent * *power, result);
  } else if (node.operation == Operation::Sqrt &&
             expression.nodes[node.operands[0]].operation == Operation::Read) {
    collect(expression, node.operands[0], exponent / 2, result);
  } else {
    Expression part = subtree(expression, index);
    bool isCount = node.operation == Operation::Read;
    result.multiply(keyOf(part), {part.scope(), exponent, print(part), isCount});
  }
}

Monomial asMonomial(const Expression &expression) {
  Monomial result;
  if (!expression.empty())
    collect(expression, static_cast<uint32_t>(expression.nodes.size() - 1), 1, result);
  return result;
}

} // namespace roux
