//===- FoldScope.cpp - what is the same for a whole row, computed once ----===//
//
// Each node gets the set of scopes it depends on from outside; a reduction binds
// the rows it visits and depends on the row it visits them in.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/batch/FoldScope.h"

#include <algorithm>
#include <vector>

namespace roux::data {

namespace {

using Scopes = uint32_t; ///< a bit for each Scope

Scopes bit(Scope scope) {
  return scope == Scope::Constant ? 0 : Scopes(1) << static_cast<unsigned>(scope);
}
/// The scopes narrower than `scope`.
Scopes narrower(Scope scope) {
  return bit(scope) - 1;
}

bool isReduction(const Expression::Node &node) {
  return node.inner != Scope::Constant;
}

std::vector<Scopes> dependences(const Expression &expression) {
  std::vector<Scopes> reads;
  for (const Expression::Node &node : expression.nodes) {
    Scopes own = 0;
    for (uint32_t operand : node.operands)
      own |= reads[operand];
    if (isReduction(node))
      own &= ~narrower(node.scope);
    switch (node.operation) {
    case Operation::Passed:
    case Operation::Let:
    case Operation::Model:
      own |= bit(node.scope == Scope::Constant ? Scope::Sequence : node.scope);
      break;
    default:
      bool isAnswer = node.scope == Scope::Chosen || node.scope == Scope::Rejected;
      own |= bit(isAnswer ? Scope::Sequence : node.scope);
    }
    reads.push_back(own);
  }
  return reads;
}

class Folder {
public:
  Folder(const Expression &from, const Environment &environment, Scope row)
      : from(from), environment(environment), row(row), reads(dependences(from)) {}

  /// Appends node `index` of `from` and what it needs to `into`, folded where that is possible.
  uint32_t copy(uint32_t index, Expression &into, bool folds) const {
    const Expression::Node &node = from.nodes[index];
    bool isLeaf = node.operation == Operation::Number || node.operation == Operation::String;
    if (folds && !isLeaf && !(reads[index] & narrower(row))) {
      Expression part;
      copy(index, part, false);
      Value value = evaluate(part, environment);
      if (const double *number = std::get_if<double>(&value))
        return append(numberNode(*number), into);
    }
    Expression::Node copied = node;
    copied.operands.clear();
    // What a reduction visits is not this row any more; its body stays whole.
    bool inside = folds && !isReduction(node);
    for (uint32_t operand : node.operands)
      copied.operands.push_back(copy(operand, into, inside));
    return append(std::move(copied), into);
  }

private:
  static Expression::Node numberNode(double number) {
    Expression::Node node;
    node.number = number;
    return node;
  }
  static uint32_t append(Expression::Node node, Expression &into) {
    into.nodes.push_back(std::move(node));
    return static_cast<uint32_t>(into.nodes.size() - 1);
  }

  const Expression &from;
  const Environment &environment;
  Scope row;
  std::vector<Scopes> reads;
};

} // namespace

Expression foldScope(const Expression &expression, const Environment &environment, Scope row) {
  auto isDraw = [](const Expression::Node &node) {
    return node.operation == Operation::Uniform || node.operation == Operation::Choice;
  };
  // Draws are numbered by their place in the whole expression, which folding would change.
  if (std::any_of(expression.nodes.begin(), expression.nodes.end(), isDraw))
    return expression;
  Expression folded;
  if (!expression.empty())
    Folder(expression, environment, row)
        .copy(static_cast<uint32_t>(expression.nodes.size() - 1), folded, true);
  return folded;
}

} // namespace roux::data
