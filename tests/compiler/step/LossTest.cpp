//===- LossTest.cpp - a recipe's loss and weight, and their gradient ------===//
//
// Losses as the checker hands them over, trees, and weights as recipes write them.
// Each is compared with a plain C++ function on every token, and the gradient with
// finite differences of the whole model.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/SplitWeight.h"
#include "compiler/pipeline/StepStages.h"
#include "tests/compiler/step/ImportedFormulas.h"
#include "tests/compiler/step/ModelRunner.h"
#include "tests/frontend/check/Around.h"

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

/// What a weight may read of a token here.
struct Known {
  double index, targets; ///< token.index, sequence.targets
  bool isFromDocs;
};
constexpr double progress = 0.75, stepTargets = 8;

struct LossCase {
  const char *name;
  Expression (*build)();
  double (*meaning)(double nll, double logsumexp);
  const char *weight;
  double (*weightMeaning)(const Known &);
};

WeightFormula weightOf(const std::string &text) {
  CheckedPiece piece(Around::Train, "weight: " + text);
  EXPECT_TRUE(piece.recipe) << piece.errors();
  return splitWeight((*piece.recipe->find("x"))["weight"].expression);
}

const LossCase cases[] = {
    {"focal",
     [] {
       Tree t;
       uint32_t p = t.apply(Operation::Exp, {t.apply(Operation::Negate, {t.nll()})});
       uint32_t miss = t.apply(Operation::Subtract, {t.number(1), p});
       t.apply(Operation::Multiply, {t.apply(Operation::Power, {miss, t.number(2)}), t.nll()});
       return t.expression;
     },
     [](double n, double) { return std::pow(1 - std::exp(-n), 2) * n; }, "1 / step.targets",
     [](const Known &) { return 1 / stepTargets; }},
    {"z_loss",
     [] {
       Tree t;
       uint32_t square =
           t.apply(Operation::Power, {t.read(Scope::Token, Attribute::LogSumExp), t.number(2)});
       t.apply(Operation::Add, {t.nll(), t.apply(Operation::Multiply, {t.number(1e-2), square})});
       return t.expression;
     },
     [](double n, double l) { return n + 1e-2 * l * l; },
     "(if source == docs then 2 else 1) / (sequence.targets ^ 0.5 * step.targets)",
     [](const Known &k) { return (k.isFromDocs ? 2 : 1) / (std::sqrt(k.targets) * stepTargets); }},
    {"clipped_and_chosen", // comparisons, truth values as numbers, min, max, clamp
     [] {
       Tree t;
       uint32_t small = t.apply(Operation::Less, {t.nll(), t.number(3)});
       uint32_t large = t.apply(Operation::Greater, {t.nll(), t.number(1)});
       uint32_t both = t.apply(Operation::And, {small, large});
       uint32_t root = t.apply(Operation::Sqrt, {t.nll()});
       uint32_t chosen = t.apply(Operation::If, {both, root, t.nll()});
       uint32_t limited = t.apply(Operation::Clamp, {t.nll(), t.number(0.5), t.number(2.5)});
       uint32_t sum = t.apply(Operation::Add, {chosen, limited});
       t.apply(Operation::Add, {sum, t.apply(Operation::Multiply, {both, t.nll()})});
       return t.expression;
     },
     [](double n, double) {
       bool both = n < 3 && n > 1;
       return (both ? std::sqrt(n) : n) + std::min(std::max(n, 0.5), 2.5) + (both ? n : 0);
     },
     // The second sequence has two targets: what is not chosen divides by zero there.
     "if sequence.targets > 2 and not (token.index in [2, 5]) then min(1 / (sequence.targets - 2), "
     "step.progress) else clamp(exp(-token.index), 0.1, abs(-0.3))",
     [](const Known &k) {
       return k.targets > 2 && k.index != 2 && k.index != 5
                  ? std::min(1 / (k.targets - 2), progress)
                  : std::clamp(std::exp(-k.index), 0.1, 0.3);
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
  columns.inputs = {{"step.progress", {progress}},
                    {"step.targets", {stepTargets}},
                    {"sequence.targets", {6, 6, 6, 6, 6, 6, 2, 2, 2}},
                    {"token.index", {1, 2, 3, 4, 5, 6, 1, 2, 3}},
                    {"sequence.source == \"docs\"", {1, 1, 1, 1, 1, 1, 0, 0, 0}}};
  return columns;
}

Known knownOf(const Columns &columns, size_t t) {
  return {columns.inputs.at("token.index")[t], columns.inputs.at("sequence.targets")[t],
          columns.inputs.at("sequence.source == \"docs\"")[t] != 0};
}

class Loss : public ::testing::TestWithParam<LossCase> {
protected:
  Expression loss = GetParam().build();
  ModelRunner runner{smallConfig(),
                     randomParameters(smallConfig(), 2),
                     &loss,
                     Activations::recompute,
                     {},
                     weightOf(GetParam().weight)};
};

TEST_P(Loss, IsItsFormula) {
  Columns columns = someColumns();
  std::vector<Array> read; // nll, logsumexp and weight of every token with a label
  double loss =
      runner
          .run("train", columns,
               [&](mlir::Operation *op, llvm::ArrayRef<Array>, llvm::ArrayRef<Array> results) {
                 if (mlir::isa<CrossEntropyOp>(op))
                   read.assign(results.begin() + 1, results.end());
               })[0]
          .values[0];
  double expected = 0;
  size_t row = 0;
  for (size_t t = 0; t < columns.tokens.size(); ++t)
    if (columns.labels[t] >= 0) {
      double weight = GetParam().weightMeaning(knownOf(columns, t));
      EXPECT_NEAR(read[2].values[row], weight, 1e-15) << t;
      expected += weight * GetParam().meaning(read[0].values[row], read[1].values[row]);
      ++row;
    }
  EXPECT_EQ(read[2].values.size(), row) << "a token without a label has no row";
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

/// A weight may read the model; it scales the gradient and has none of its own.
TEST(Weight, IsNotDifferentiated) {
  Columns columns = someColumns();
  ModelRunner reading{smallConfig(),
                      randomParameters(smallConfig(), 2),
                      nullptr,
                      Activations::recompute,
                      {},
                      weightOf("exp(-token.nll) * token.logsumexp / sequence.targets")};
  Parameters found = reading.gradients(
      columns, [&](mlir::Operation *op, llvm::ArrayRef<Array>, llvm::ArrayRef<Array> results) {
        size_t row = 0;
        if (mlir::isa<CrossEntropyOp>(op))
          for (size_t t = 0; t < columns.tokens.size(); ++t)
            if (columns.labels[t] >= 0)
              columns.weights[t] = results[3].values[row++];
      });
  EXPECT_GT(columns.weights[0], 0);
  Parameters given =
      ModelRunner(smallConfig(), randomParameters(smallConfig(), 2)).gradients(columns);
  for (const auto &[name, array] : given)
    EXPECT_LT(relativeError(found[name], array), 1e-14) << name;
}

/// What a context's diagnostics said while a loss or a weight was imported.
std::string refusal(const Expression &loss, const WeightFormula &weight = {}) {
  mlir::MLIRContext context;
  std::string text;
  mlir::ScopedDiagnosticHandler handler(
      &context, [&](mlir::Diagnostic &diagnostic) { text += diagnostic.str(); });
  model::ModelConfig config = smallConfig();
  StepRequest request;
  request.config = &config;
  ImportedFormulas formulas(context, &loss, weight);
  formulas.give(request);
  auto module = buildStepStage(context, request, "grad");
  EXPECT_FALSE(module);
  return text;
}

TEST(RefusedLoss, TextAttribute) {
  Tree tree;
  tree.read(Scope::Token, Attribute::Role);
  EXPECT_EQ(refusal(tree.expression), "this is not known inside a loss");
}

TEST(RefusedLoss, Reduction) {
  Tree tree;
  tree.apply(Operation::Mean, {tree.nll()});
  EXPECT_EQ(refusal(tree.expression),
            "this cannot be computed inside a loss, which knows one token: its token.nll, its "
            "token.logsumexp and what the plan says of it");
}

/// A part of a weight that asks the model and is more than arithmetic on one token.
TEST(RefusedWeight, ReductionOverTheModel) {
  EXPECT_EQ(refusal({}, weightOf("token.nll / sum(token.nll over sequence)")),
            "this cannot be computed inside a loss, which knows one token: its token.nll, its "
            "token.logsumexp and what the plan says of it");
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
    auto module = buildStepStage(context, request, "grad");
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
    auto module = buildStepStage(context, request, "grad");
    size_t count = 0;
    module->walk([&](mlir::Operation *) { ++count; });
    return count;
  };
  EXPECT_EQ(operations(2), operations(80));
}

} // namespace
