//===- SplitWeight.cpp - what of a weight a kernel computes ---------------===//
//
// Top down: a node stays where its operation is arithmetic and its operands are
// numbers whatever the data; below the first that is not, nothing is looked at.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/SplitWeight.h"

#include "compiler/frontend/Objective.h"

#include <algorithm>

namespace roux {
namespace {

using Node = Expression::Node;
using enum Operation;

constexpr Operation arithmetic[] = {
    Negate,    Not,     Add,          Subtract, Multiply, Divide,  Power, Equal,  NotEqual, Less,
    LessEqual, Greater, GreaterEqual, And,      Or,       Between, Among, If,     Min,      Max,
    Abs,       Exp,     Log,          Log2,     Sqrt,     Floor,   Clamp, Sigmoid};

bool isModelValue(const Node &node) {
  return node.operation == Read &&
         (node.attribute == Attribute::Nll || node.attribute == Attribute::LogSumExp ||
          node.attribute == Attribute::LogP);
}

bool isDraw(const Node &node) {
  return node.operation == Uniform || node.operation == Choice;
}

/// Differs between sequences, without reading an attribute of one.
bool isOfSequence(const Node &node) {
  return node.operation == Passed || node.operation == Let || isDraw(node);
}

class Splitter {
public:
  explicit Splitter(const Expression &weight)
      : weight(weight), draws(std::ranges::any_of(weight.nodes, isDraw)) {
    for (const Node &node : weight.nodes) {
      numbers.push_back(isNumber(node));
      asks.push_back(isModelValue(node) || node.operation == Model || any(asks, node));
    }
  }

  WeightFormula run() {
    if (!weight.empty())
      copy(last());
    return std::move(result);
  }

private:
  uint32_t last() const { return static_cast<uint32_t>(weight.nodes.size() - 1); }
  static bool any(const std::vector<bool> &marks, const Node &node) {
    return std::ranges::any_of(node.operands, [&](uint32_t index) { return marks[index]; });
  }
  bool isNumber(const Node &node) const;
  bool isArithmetic(const Node &node) const;
  void copy(uint32_t index);
  void addInput(Expression value);
  /// Appends the tree under node `index` to `into`.
  void addPart(uint32_t index, Expression &into) const;

  const Expression &weight;
  const bool draws;
  std::vector<bool> numbers; ///< of each node: a number whatever the data
  std::vector<bool> asks;    ///< of each node: needs the model
  WeightFormula result;
};

/// A field may be a number or a text, which only the record knows.
bool Splitter::isNumber(const Node &node) const {
  switch (node.operation) {
  case String:
    return false;
  case Read:
    return node.attribute != Attribute::Role && node.attribute != Attribute::Source &&
           node.attribute != Attribute::Text && node.attribute != Attribute::Field;
  case If:
    return numbers[node.operands[1]] && numbers[node.operands[2]];
  default:
    return true;
  }
}

bool Splitter::isArithmetic(const Node &node) const {
  return !draws && std::ranges::find(arithmetic, node.operation) != std::end(arithmetic) &&
         std::ranges::all_of(node.operands, [&](uint32_t index) { return numbers[index]; });
}

void Splitter::addPart(uint32_t index, Expression &into) const {
  Node node = weight.nodes[index];
  for (uint32_t &operand : node.operands) {
    addPart(operand, into);
    operand = static_cast<uint32_t>(into.nodes.size() - 1);
  }
  into.nodes.push_back(std::move(node));
}

void Splitter::addInput(Expression value) {
  Node node;
  node.operation = Let;
  node.text = print(value);
  node.where = value.root().where;
  Scope scope = value.scope();
  bool perToken = (scope != Scope::Step && scope != Scope::Constant) ||
                  std::ranges::any_of(value.nodes, isOfSequence);
  if (std::ranges::find(result.inputs, node.text, &WeightInput::name) == result.inputs.end())
    result.inputs.push_back({node.text, std::move(value), perToken});
  result.formula.nodes.push_back(std::move(node));
}

/// Appends what node `index` is in the kernel to the formula.
void Splitter::copy(uint32_t index) {
  const Node &node = weight.nodes[index];
  if (node.operation != Number && !isArithmetic(node) && !asks[index]) {
    Expression alone;
    addPart(index, alone);
    return addInput(std::move(alone));
  }
  Node copied = node;
  for (uint32_t &operand : copied.operands) {
    copy(operand);
    operand = static_cast<uint32_t>(result.formula.nodes.size() - 1);
  }
  result.formula.nodes.push_back(std::move(copied));
}

} // namespace

WeightFormula splitWeight(const Expression &weight) {
  return Splitter(weight).run();
}

WeightFormula splitPairLoss(const Expression &weight, const Expression &loss) {
  WeightFormula product = splitWeight(weight), second = splitWeight(loss);
  std::vector<Node> &nodes = product.formula.nodes;
  auto shift = static_cast<uint32_t>(nodes.size());
  for (Node &node : second.formula.nodes) {
    for (uint32_t &operand : node.operands)
      operand += shift;
    nodes.push_back(std::move(node));
  }
  for (WeightInput &input : second.inputs)
    if (std::ranges::find(product.inputs, input.name, &WeightInput::name) == product.inputs.end())
      product.inputs.push_back(std::move(input));
  Node times;
  times.operation = Multiply;
  times.operands = {shift - 1, static_cast<uint32_t>(nodes.size() - 1)};
  times.where = loss.root().where;
  nodes.push_back(std::move(times));
  return product;
}

} // namespace roux
