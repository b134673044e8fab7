//===- LossTest.cpp - a recipe's loss from its tree to its gradient -------===//
//
// Losses as the checker hands them over: trees. Each is compared with a plain
// C++ function on every token, and its gradient with finite differences of the
// whole model.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/StepStages.h"
#include "tests/compiler/step/ModelRunner.h"

#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace roux;
using namespace roux::step;
using namespace roux::step::reference;

namespace {

using Node = Expression::Node;

/// Builds a tree bottom up; each call returns the node's index.
struct Tree {
  Expression expression;

  uint32_t add(Node node) {
    expression.nodes.push_back(std::move(node));
    return expression.nodes.size() - 1;
  }
  uint32_t number(double value) {
    Node node;
    node.number = value;
    return add(node);
  }
  uint32_t read(Scope scope, Attribute attribute) {
    Node node;
    node.operation = Operation::Read;
    node.scope = scope;
    node.attribute = attribute;
    return add(node);
  }
  uint32_t nll() { return read(Scope::Token, Attribute::Nll); }
  uint32_t apply(Operation operation, std::vector<uint32_t> operands) {
    Node node;
    node.operation = operation;
    node.operands = std::move(operands);
    return add(node);
  }
};

struct LossCase {
  const char *name;
  Expression (*build)();
  double (*meaning)(double nll, double logsumexp, double progress);
};

const LossCase cases[] = {
    {"focal",
     [] {
       Tree t;
       uint32_t p = t.apply(Operation::Exp, {t.apply(Operation::Negate, {t.nll()})});
       uint32_t miss = t.apply(Operation::Subtract, {t.number(1), p});
       t.apply(Operation::Multiply, {t.apply(Operation::Power, {miss, t.number(2)}), t.nll()});
       return t.expression;
     },
     [](double n, double, double) { return std::pow(1 - std::exp(-n), 2) * n; }},
    {"z_loss",
     [] {
       Tree t;
       uint32_t square =
           t.apply(Operation::Power, {t.read(Scope::Token, Attribute::LogSumExp), t.number(2)});
       t.apply(Operation::Add, {t.nll(), t.apply(Operation::Multiply, {t.number(1e-2), square})});
       return t.expression;
     },
     [](double n, double l, double) { return n + 1e-2 * l * l; }},
    {"clipped_and_chosen", // comparisons, truth values as numbers, min, max, clamp, a launch scalar
     [] {
       Tree t;
       uint32_t small = t.apply(Operation::Less, {t.nll(), t.number(3)});
       uint32_t large = t.apply(Operation::Greater, {t.nll(), t.number(1)});
       uint32_t both = t.apply(Operation::And, {small, large});
       uint32_t root = t.apply(Operation::Sqrt, {t.nll()});
       uint32_t chosen = t.apply(Operation::If, {both, root, t.nll()});
       uint32_t limited = t.apply(Operation::Clamp, {t.nll(), t.number(0.5), t.number(2.5)});
       uint32_t scaled =
           t.apply(Operation::Multiply, {t.read(Scope::Step, Attribute::Progress), limited});
       uint32_t sum = t.apply(Operation::Add, {chosen, scaled});
       t.apply(Operation::Add, {sum, t.apply(Operation::Multiply, {both, t.nll()})});
       return t.expression;
     },
     [](double n, double, double progress) {
       bool both = n < 3 && n > 1;
       return (both ? std::sqrt(n) : n) + progress * std::min(std::max(n, 0.5), 2.5) +
              (both ? n : 0);
     }},
};

model::ModelConfig smallConfig() {
  model::ModelConfig config;
  config.file = "small/config.json";
  config.type = "llama";
  config.layers = 2;
  config.channels = 8;
  config.heads = config.keyValueHeads = 2;
  config.headChannels = 4;
  config.feedForward = 12;
  config.vocabulary = 11;
  config.context = 32;
  config.epsilon = 1e-5;
  return config;
}

Columns someColumns() {
  Columns columns;
  columns.append({1, 4, 2, 9, 3, 3, 10}, 0.25);
  columns.append({5, 0, 7, 6}, 0.5, [](size_t i) { return i > 1; });
  return columns;
}

class Loss : public ::testing::TestWithParam<LossCase> {
protected:
  Expression loss = GetParam().build();
  ModelRunner runner{smallConfig(), randomParameters(smallConfig(), 2), &loss};
  void SetUp() override { runner.attributes["step.progress"] = 0.75; }
};

TEST_P(Loss, IsItsFormula) {
  Columns columns = someColumns();
  std::vector<Array> read; // nll and logsumexp of every token
  double loss =
      runner
          .run("train", columns,
               [&](mlir::Operation *op, llvm::ArrayRef<Array>, llvm::ArrayRef<Array> results) {
                 if (mlir::isa<CrossEntropyOp>(op))
                   read.assign(results.begin() + 1, results.end());
               })[0]
          .values[0];
  double expected = 0;
  for (size_t t = 0; t < columns.tokens.size(); ++t)
    if (columns.labels[t] >= 0)
      expected +=
          columns.weights[t] * GetParam().meaning(read[0].values[t], read[1].values[t], 0.75);
  EXPECT_NEAR(loss, expected, 1e-13 * std::fabs(expected));
}

TEST_P(Loss, GradientMatchesFiniteDifferences) {
  Columns columns = someColumns();
  Parameters gradients = runner.gradients(columns);
  for (auto &[name, array] : runner.parameters)
    for (size_t i = 0; i < array.values.size(); i += 1 + array.values.size() / 3) {
      double kept = array.values[i], width = 1e-5;
      array.values[i] = kept + width;
      double above = runner.run("train", columns)[0].values[0];
      array.values[i] = kept - width;
      double below = runner.run("train", columns)[0].values[0];
      array.values[i] = kept;
      double found = gradients[name].values[i];
      EXPECT_NEAR(found, (above - below) / (2 * width), 1e-7 * (1 + std::fabs(found)))
          << name << " at " << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Every, Loss, ::testing::ValuesIn(cases),
                         [](const auto &info) { return std::string(info.param.name); });

/// What a context's diagnostics said while a loss was imported.
std::string refusal(const Expression &loss) {
  mlir::MLIRContext context;
  std::string text;
  mlir::ScopedDiagnosticHandler handler(
      &context, [&](mlir::Diagnostic &diagnostic) { text += diagnostic.str(); });
  model::ModelConfig config = smallConfig();
  StepRequest request;
  request.config = &config;
  request.loss = &loss;
  auto module = buildStepStage(context, request, StepStage::Grad, [&](const Node &) {
    return mlir::Location(mlir::UnknownLoc::get(&context));
  });
  EXPECT_FALSE(module);
  return text;
}

TEST(RefusedLoss, TextAttribute) {
  Tree tree;
  tree.read(Scope::Token, Attribute::Role);
  EXPECT_EQ(refusal(tree.expression), "a loss cannot read this attribute; it may read token.nll, "
                                      "token.logsumexp and counts known from the plan");
}

TEST(RefusedLoss, Reduction) {
  Tree tree;
  tree.apply(Operation::Mean, {tree.nll()});
  EXPECT_EQ(refusal(tree.expression), "this cannot be computed inside a loss, which is arithmetic "
                                      "on token.nll and token.logsumexp");
}

/// --emit=grad can be fed back: its text parses to itself, for every element type.
TEST(StepStages, TextParsesBack) {
  for (StreamType type : {StreamType::F32, StreamType::BF16, StreamType::F64}) {
    mlir::DialectRegistry registry;
    registerStepDialects(registry);
    mlir::MLIRContext context(registry);
    model::ModelConfig config = smallConfig();
    StepRequest request;
    request.config = &config;
    request.type = type;
    request.update.clip = 1;
    auto module = buildStepStage(context, request, StepStage::Grad, [&](const Node &) {
      return mlir::Location(mlir::UnknownLoc::get(&context));
    });
    ASSERT_TRUE(module);
    std::string text = printModule(*module);
    auto again = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    ASSERT_TRUE(again);
    EXPECT_EQ(printModule(*again), text);
  }
}

/// A deeper model has the same operations.
TEST(StepStages, SizeDoesNotDependOnDepth) {
  auto operations = [](int64_t layers) {
    mlir::MLIRContext context;
    model::ModelConfig config = smallConfig();
    config.layers = layers;
    StepRequest request;
    request.config = &config;
    auto module = buildStepStage(context, request, StepStage::Grad, [&](const Node &) {
      return mlir::Location(mlir::UnknownLoc::get(&context));
    });
    size_t count = 0;
    module->walk([&](mlir::Operation *) { ++count; });
    return count;
  };
  EXPECT_EQ(operations(2), operations(80));
}

} // namespace
