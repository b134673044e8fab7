//===- FormulaConstants.cpp - what is known before there are data ---------===//
//
// A part that reads nothing has its value now, and who wrote it can still be told:
// 0 / 0, a draw from 5 to 1, bounds the wrong way round.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/FormulaChecker.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace roux {

using Values = std::vector<std::optional<double>>;

/// The value of each node that has the same whatever the data are.
static Values findConstants(const std::vector<Expression::Node> &nodes) {
  using enum Operation;
  static constexpr Operation plain[] = {Number, Negate, Add,  Subtract, Multiply, Divide,
                                        Power,  Mod,    Min,  Max,      Abs,      Exp,
                                        Log,    Log2,   Sqrt, Floor,    Clamp,    Sigmoid};
  Values values(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (std::ranges::find(plain, nodes[i].operation) == std::end(plain) ||
        !std::ranges::all_of(nodes[i].operands,
                             [&](uint32_t operand) { return values[operand].has_value(); }))
      continue;
    Expression alone;
    for (uint32_t operand : nodes[i].operands)
      alone.nodes.push_back({.operation = Number, .number = *values[operand]});
    Expression::Node root = nodes[i];
    for (uint32_t operand = 0; operand < root.operands.size(); ++operand)
      root.operands[operand] = operand;
    alone.nodes.push_back(std::move(root));
    values[i] = std::get<double>(evaluateConstant(alone));
  }
  return values;
}

/// True of each node that a condition may pass over.
static std::vector<bool> findGuarded(const std::vector<Expression::Node> &nodes) {
  std::vector<bool> guarded(nodes.size());
  for (size_t i = nodes.size(); i-- > 0;)
    for (size_t which = 0; which < nodes[i].operands.size(); ++which) {
      Operation operation = nodes[i].operation;
      bool chooses =
          operation == Operation::If || operation == Operation::And || operation == Operation::Or;
      if (guarded[i] || (chooses && which > 0))
        guarded[nodes[i].operands[which]] = true;
    }
  return guarded;
}

/// What is wrong with `node`; empty if nothing is.
static std::string problemOf(const Expression::Node &node, const Values &values, size_t i) {
  if (values[i] && !std::isfinite(*values[i]))
    return std::isnan(*values[i]) ? "this is not a number" : "this is infinite";
  bool isDraw = node.operation == Operation::Uniform;
  if (!isDraw && node.operation != Operation::Clamp)
    return {};
  std::optional<double> low = values[node.operands[isDraw ? 0 : 1]],
                        high = values[node.operands[isDraw ? 1 : 2]];
  if (!low || !high)
    return {};
  if (isDraw && std::ceil(*low) > std::floor(*high))
    return fmt::format("no whole number lies from {} to {}", *low, *high);
  return *low > *high ? fmt::format("found {} as the least and {} as the most", *low, *high) : "";
}

bool FormulaChecker::hasUsableConstants() {
  const std::vector<Expression::Node> &nodes = expression.nodes;
  Values values = findConstants(nodes);
  std::vector<bool> guarded = findGuarded(nodes);
  auto report = [&](const Expression::Node &node, std::string problem) {
    error({node.where[0], node.where[1], node.where[2]}, std::move(problem));
    return false;
  };
  for (size_t i = 0; i < nodes.size(); ++i)
    if (!guarded[i])
      if (std::string problem = problemOf(nodes[i], values, i); !problem.empty())
        return report(nodes[i], std::move(problem));
  if (place.place == Place::Prefix && values.back() && *values.back() < 0)
    return report(nodes.back(),
                  fmt::format("found {}, expected a number of tokens", *values.back()));
  return true;
}

} // namespace roux
