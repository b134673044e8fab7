//===- EvaluatorTest.cpp - the interpreter of a recipe's expressions ------===//
//
// Trees are built by hand here; that the checker builds the right ones is the
// front end's test.
//
//===----------------------------------------------------------------------===//
#include "runtime/Expression.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace roux {
namespace {

using Node = Expression::Node;
using enum Operation;

Node number(double value) {
  return {.operation = Number, .number = value};
}
Node string(std::string text) {
  return {.operation = String, .text = std::move(text)};
}
Node read(Scope scope, Attribute attribute) {
  return {.operation = Read, .scope = scope, .attribute = attribute};
}
Node apply(Operation operation, std::vector<uint32_t> operands) {
  return {.operation = operation, .operands = std::move(operands)};
}
Node reduce(Operation operation, Scope outer, Scope inner, std::vector<uint32_t> operands,
            bool countsAll = false) {
  return {.operation = operation,
          .scope = outer,
          .inner = inner,
          .countsAll = countsAll,
          .operands = std::move(operands)};
}
Expression tree(std::vector<Node> nodes) {
  return {std::move(nodes)};
}

/// A step of sequences with these targets; the current row is one of them, or the step.
class Step : public Environment {
public:
  explicit Step(std::vector<double> targets, size_t current = 0, double chance = 0)
      : targets(std::move(targets)), current(current), chance(chance) {}

  Value read(const Node &node) const override {
    if (node.attribute == Attribute::Source)
      return std::string("long");
    if (node.scope == Scope::Sequence)
      return targets[current];
    double total = 0;
    for (double count : targets)
      total += count;
    return total;
  }
  void forEach(Scope, Scope, bool all,
               const std::function<void(const Environment &)> &visit) const override {
    for (size_t i = 0; i < targets.size(); ++i)
      if (all || targets[i] > 0)
        visit(Step(targets, i));
  }
  double draw(Scope, uint32_t draw) const override { return draw == 0 ? chance : 0; }

private:
  std::vector<double> targets;
  size_t current;
  double chance;
};

const Node targets = read(Scope::Sequence, Attribute::Targets);

double over(Operation operation, std::vector<double> rows, std::vector<Node> more = {}) {
  std::vector<Node> nodes = {targets};
  std::vector<uint32_t> operands = {0};
  for (Node &node : more) {
    operands.push_back(static_cast<uint32_t>(nodes.size()));
    nodes.push_back(std::move(node));
  }
  nodes.push_back(reduce(operation, Scope::Step, Scope::Sequence, operands));
  return evaluateNumber(tree(std::move(nodes)), Step(std::move(rows)));
}

TEST(Evaluator, Arithmetic) {
  auto two = [](Operation operation, double a, double b) {
    return std::get<double>(
        evaluateConstant(tree({number(a), number(b), apply(operation, {0, 1})})));
  };
  EXPECT_EQ(two(Add, 1, 2), 3);
  EXPECT_EQ(two(Subtract, 1, 2), -1);
  EXPECT_EQ(two(Divide, 1, 0), INFINITY);
  EXPECT_EQ(two(Power, 2, 10), 1024);
  EXPECT_EQ(two(Mod, -7, 3), 2);
  EXPECT_EQ(two(Mod, 7, -3), -2);
  EXPECT_EQ(two(Min, 3, 2), 2);
  EXPECT_TRUE(std::isnan(two(Max, 3, NAN)));
  EXPECT_TRUE(std::isnan(two(Max, NAN, 3)));
  EXPECT_EQ(two(GreaterEqual, 2, 2), 1);
  EXPECT_EQ(two(Or, 0, 3), 1);
}

TEST(Evaluator, ClampKeepsWhatIsNotANumber) {
  auto clamp = [](double x) {
    return std::get<double>(
        evaluateConstant(tree({number(x), number(1), number(2), apply(Clamp, {0, 1, 2})})));
  };
  EXPECT_EQ(clamp(0), 1);
  EXPECT_EQ(clamp(1.5), 1.5);
  EXPECT_EQ(clamp(9), 2);
  EXPECT_TRUE(std::isnan(clamp(NAN)));
}

TEST(Evaluator, IfEvaluatesOnlyTheBranchTaken) {
  // The other branch reads a row, and a constant has none.
  Expression guarded = tree({number(1), number(5), targets, apply(If, {0, 1, 2})});
  EXPECT_EQ(std::get<double>(evaluateConstant(guarded)), 5);
  Expression unguarded = tree({number(0), number(5), targets, apply(If, {0, 1, 2})});
  EXPECT_THROW(evaluateConstant(unguarded), std::domain_error);
}

TEST(Evaluator, TextsAreComparedNotCounted) {
  Node source = read(Scope::Sequence, Attribute::Source);
  EXPECT_EQ(evaluateNumber(tree({source, string("long"), apply(Equal, {0, 1})}), Step({1})), 1);
  EXPECT_EQ(evaluateNumber(tree({source, string("a"), string("long"), apply(Among, {0, 1, 2})}),
                           Step({1})),
            1);
  EXPECT_THROW(evaluateNumber(tree({source, number(1), apply(Add, {0, 1})}), Step({1})),
               std::domain_error);
}

TEST(Evaluator, Reductions) {
  EXPECT_EQ(over(Sum, {1, 2, 4}), 7);
  EXPECT_EQ(over(Mean, {1, 2, 6}), 3);
  EXPECT_EQ(over(Minimum, {3, 2, 4}), 2);
  EXPECT_EQ(over(Maximum, {3, 2, 4}), 4);
  EXPECT_EQ(over(Mean, {0, 2, 6}), 4) << "a sequence without targets is left out";
  EXPECT_EQ(over(Quantile, {1, 2, 3, 4}, {number(0.5)}), 2.5);
  EXPECT_EQ(over(Quantile, {4, 1, 3}, {number(1)}), 4);
  EXPECT_TRUE(std::isnan(over(Mean, {})));
}

TEST(Evaluator, CountsRows) {
  Expression rows = tree({reduce(Count, Scope::Step, Scope::Sequence, {})});
  EXPECT_EQ(evaluateNumber(rows, Step({1, 0, 3})), 2);
  Expression all = tree({reduce(Count, Scope::Step, Scope::Sequence, {}, true)});
  EXPECT_EQ(evaluateNumber(all, Step({1, 0, 3})), 3);
}

TEST(Evaluator, EntropyOfASoftmax) {
  Expression entropy =
      tree({targets, reduce(Softmax, Scope::Step, Scope::Sequence, {0}), apply(Entropy, {1})});
  EXPECT_NEAR(evaluateNumber(entropy, Step({2, 2, 2, 2})), std::log(4), 1e-15);
  EXPECT_NEAR(evaluateNumber(entropy, Step({1000, 1})), 0, 1e-12);
}

TEST(Evaluator, WeightsOfAStepSumToOne) {
  std::vector<double> counts = {3, 1, 7, 0, 5};
  Expression weight =
      tree({number(1), targets, number(1), reduce(Count, Scope::Step, Scope::Sequence, {}),
            apply(Multiply, {1, 3}), apply(Divide, {0, 4})});
  double total = 0;
  for (size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0)
      total += counts[i] * evaluateNumber(weight, Step(counts, i));
  EXPECT_NEAR(total, 1, 1e-15);
}

TEST(Evaluator, DrawsAreWholeAndInRange) {
  auto uniform = [](double low, double high, double chance) {
    Expression draw = tree({number(low),
                            number(high),
                            {.operation = Uniform, .scope = Scope::Sequence, .operands = {0, 1}}});
    return evaluateNumber(draw, Step({1}, 0, chance));
  };
  EXPECT_EQ(uniform(1, 6, 0), 1);
  EXPECT_EQ(uniform(1, 6, 0.999999), 6);
  EXPECT_EQ(uniform(1, 6.5, 0.999999), 6);
  EXPECT_EQ(uniform(0.5, 3, 0), 1);
  EXPECT_EQ(uniform(4, 4, 0.5), 4);
}

TEST(Evaluator, ChoosesOneOfItsOperands) {
  auto choose = [](double chance) {
    Expression draw =
        tree({number(10),
              number(20),
              number(30),
              {.operation = Choice, .scope = Scope::Sequence, .operands = {0, 1, 2}}});
    return evaluateNumber(draw, Step({1}, 0, chance));
  };
  EXPECT_EQ(choose(0), 10);
  EXPECT_EQ(choose(0.5), 20);
  EXPECT_EQ(choose(0.999999), 30);
}

TEST(Evaluator, ScopeIsWhatIsReadOutsideReductions) {
  Expression weight = tree({targets, reduce(Sum, Scope::Step, Scope::Sequence, {0})});
  EXPECT_EQ(weight.scope(), Scope::Step);
  weight.nodes.push_back(read(Scope::Token, Attribute::Nll));
  weight.nodes.push_back(apply(Multiply, {1, 2}));
  EXPECT_EQ(weight.scope(), Scope::Token);
  EXPECT_TRUE(weight.usesModel());
  EXPECT_EQ(tree({number(1)}).scope(), Scope::Constant);
}

TEST(Evaluator, EmptyIsAnError) {
  EXPECT_THROW(evaluateConstant({}), std::domain_error);
}

} // namespace
} // namespace roux
