//===- GradientTest.cpp - gradients against finite differences ------------===//
//
// Every operation that can be differentiated, alone: random operands, random
// gradients of its results, and central differences of the sum of their
// products.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/step/ModelToStep.h"
#include "compiler/transforms/Differentiation.h"
#include "tests/compiler/step/Reference.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

using namespace mlir;
using namespace roux::step;
using namespace roux::step::reference;

namespace {

struct GradientCase {
  const char *name;
  /// A function @f on six tokens.
  const char *text;
  /// Arguments that are indexes, by position.
  std::map<unsigned, std::vector<double>> indexes;
  /// Arguments whose gradient is asked for.
  std::vector<unsigned> varied;
  /// Only the first result has a gradient.
  bool firstResultOnly = false;
};

void PrintTo(const GradientCase &test, std::ostream *stream) {
  *stream << test.name;
}

constexpr int64_t tokens = 6, targets = 3;

// The weight is half a column's, or what a scalar makes of it where that is above one: it scales
// the gradient and has none.
std::string crossEntropy(const std::string &formula) {
  return R"(func.func @f(%hidden: tensor<?x3xf64>, %table: tensor<5x3xf64>, %labels: tensor<?xi32>,
                         %scalar: tensor<f64>, %column: tensor<?xf64>) -> (tensor<f64>, tensor<?xf64>) {
    %loss, %nll, %lse, %weights = step.cross_entropy %hidden, %table, %labels formula {
    ^bb0(%n: f64, %z: f64):)" +
         formula + R"(
    } weight(%scalar, %column) {
    ^bb0(%n: f64, %z: f64, %a: f64, %b: f64):
      %half = arith.constant 0.5 : f64
      %one = arith.constant 1.0 : f64
      %zero = arith.constant 0.0 : f64
      %h = arith.mulf %half, %b : f64
      %q = arith.divf %b, %zero : f64
      %s = arith.divf %b, %a : f64
      %large = arith.cmpf ogt, %b, %one : f64
      %r = arith.select %large, %s, %h : f64
      %never = arith.cmpf une, %b, %b : f64
      %w = arith.select %never, %q, %r : f64
      step.yield %w : f64
    } : (tensor<?x3xf64>, tensor<5x3xf64>, tensor<?xi32>, tensor<f64>, tensor<?xf64>)
        -> (tensor<f64>, tensor<?xf64>, tensor<?xf64>, tensor<?xf64>)
    return %loss, %nll : tensor<f64>, tensor<?xf64> })";
}

// One formula through every rule of ScalarDerivative.
const std::string everyFunction = crossEntropy(R"(
  %one = arith.constant 1.0 : f64
  %half = arith.constant 0.5 : f64
  %e = math.exp %n : f64
  %l = math.log %e : f64
  %l2 = math.log2 %e : f64
  %s = math.sqrt %e : f64
  %f = math.floor %n : f64
  %g = arith.negf %z : f64
  %abs = math.absf %g : f64
  %max = arith.maximumf %s, %l2 : f64
  %min = arith.minimumf %abs, %max : f64
  %p = math.powf %s, %half : f64
  %q = math.powf %e, %p : f64
  %t = arith.cmpf olt, %l, %one : f64
  %r = arith.select %t, %q, %min : f64
  %d = arith.divf %r, %e : f64
  %u = arith.subf %d, %f : f64
  %x = arith.addf %u, %max : f64
  %y = arith.mulf %x, %min : f64
  step.yield %y : f64)");
const std::string focal = crossEntropy(R"(
  %one = arith.constant 1.0 : f64
  %two = arith.constant 2.0 : f64
  %m = arith.negf %n : f64
  %p = math.exp %m : f64
  %q = arith.subf %one, %p : f64
  %f = math.powf %q, %two : f64
  %r = arith.mulf %f, %n : f64
  step.yield %r : f64)");
const std::string zLoss = crossEntropy(R"(
  %two = arith.constant 2.0 : f64
  %k = arith.constant 1.0e-1 : f64
  %s = math.powf %z, %two : f64
  %t = arith.mulf %k, %s : f64
  %r = arith.addf %n, %t : f64
  step.yield %r : f64)");

/// `text` with `from`, which is there, replaced.
std::string with(std::string text, const std::string &from, const std::string &to) {
  size_t at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return text.replace(at, from.size(), to);
}

const std::string cappedLoss =
    with(zLoss, "} : (tensor<?x3xf64>", "} {scale = 0.7, softcap = 1.3} : (tensor<?x3xf64>");
const std::string biasedLoss =
    with(with(with(zLoss, "%labels: tensor<?xi32>", "%bias: tensor<5xf64>, %labels: tensor<?xi32>"),
              "%table, %labels", "%table bias %bias, %labels"),
         "tensor<5x3xf64>, tensor<?xi32>", "tensor<5x3xf64>, tensor<5xf64>, tensor<?xi32>");

// Partly the label, partly how far it is from what another model of other width says.
const std::string taughtLoss = with(
    with(with(with(with(crossEntropy(R"(
  %a = arith.constant 0.4 : f64
  %two = arith.constant 2.0 : f64
  %s = math.powf %k, %two : f64
  %t = arith.mulf %a, %n : f64
  %r = arith.addf %s, %t : f64
  step.yield %r : f64)"),
                        "%labels: tensor<?xi32>",
                        "%labels: tensor<?xi32>, %other: tensor<?x2xf64>, %words: tensor<5x2xf64>"),
                   "%labels formula", "%labels teacher %other, %words formula"),
              "^bb0(%n: f64, %z: f64):", "^bb0(%n: f64, %z: f64, %k: f64):"),
         "} : (tensor<?x3xf64>", "} {scale = 0.7, softcap = 1.3} : (tensor<?x3xf64>"),
    "tensor<?xi32>, tensor<f64>", "tensor<?xi32>, tensor<?x2xf64>, tensor<5x2xf64>, tensor<f64>");

const std::vector<double> someTokens{3, 0, 4, 2, 0, 3}, someLabels{3, 0, -1, 2, 0, 4};
const std::vector<double> someSegments{0, 2, 2, 6}; // the second is empty

const GradientCase cases[] = {
    {"embedding",
     R"(func.func @f(%i: tensor<?xi32>, %t: tensor<5x3xf64>) -> tensor<?x3xf64> {
      %r = step.embedding %i, %t : (tensor<?xi32>, tensor<5x3xf64>) -> tensor<?x3xf64>
      return %r : tensor<?x3xf64> })",
     {{0, someTokens}},
     {1}},
    {"rms_norm",
     R"(func.func @f(%x: tensor<?x4xf64>, %w: tensor<4xf64>) -> tensor<?x4xf64> {
      %r = step.rms_norm %x, %w {epsilon = 1.0e-2} : (tensor<?x4xf64>, tensor<4xf64>) -> tensor<?x4xf64>
      return %r : tensor<?x4xf64> })",
     {},
     {0, 1}},
    {"rms_norm_of_heads",
     R"(func.func @f(%x: tensor<?x6xf64>, %w: tensor<2xf64>) -> tensor<?x6xf64> {
      %r = step.rms_norm %x, %w {epsilon = 1.0e-2, groups = 3} : (tensor<?x6xf64>, tensor<2xf64>) -> tensor<?x6xf64>
      return %r : tensor<?x6xf64> })",
     {},
     {0, 1}},
    {"embedding_from_row_2",
     R"(func.func @f(%i: tensor<?xi32>, %t: tensor<7x3xf64>) -> tensor<?x3xf64> {
      %r = step.embedding %i, %t {offset = 2} : (tensor<?xi32>, tensor<7x3xf64>) -> tensor<?x3xf64>
      return %r : tensor<?x3xf64> })",
     {{0, someTokens}},
     {1}},
    {"rms_norm_around_one",
     R"(func.func @f(%x: tensor<?x6xf64>, %w: tensor<2xf64>) -> tensor<?x6xf64> {
      %r = step.rms_norm %x, %w {epsilon = 1.0e-2, groups = 3, around_one} : (tensor<?x6xf64>, tensor<2xf64>) -> tensor<?x6xf64>
      return %r : tensor<?x6xf64> })",
     {},
     {0, 1}},
    {"layer_norm",
     R"(func.func @f(%x: tensor<?x4xf64>, %w: tensor<4xf64>, %b: tensor<4xf64>) -> tensor<?x4xf64> {
      %r = step.layer_norm %x, %w, %b {epsilon = 1.0e-2} : (tensor<?x4xf64>, tensor<4xf64>, tensor<4xf64>) -> tensor<?x4xf64>
      return %r : tensor<?x4xf64> })",
     {},
     {0, 1, 2}},
    {"layer_norm_of_groups_without_a_bias",
     R"(func.func @f(%x: tensor<?x6xf64>, %w: tensor<3xf64>) -> tensor<?x6xf64> {
      %r = step.layer_norm %x, %w {epsilon = 1.0e-2, groups = 2} : (tensor<?x6xf64>, tensor<3xf64>) -> tensor<?x6xf64>
      return %r : tensor<?x6xf64> })",
     {},
     {0, 1}},
    {"linear",
     R"(func.func @f(%x: tensor<?x4xf64>, %w: tensor<3x4xf64>, %b: tensor<3xf64>) -> tensor<?x3xf64> {
      %r = step.linear %x, %w bias %b : (tensor<?x4xf64>, tensor<3x4xf64>, tensor<3xf64>) -> tensor<?x3xf64>
      return %r : tensor<?x3xf64> })",
     {},
     {0, 1, 2}},
    {"linear_transposed",
     R"(func.func @f(%x: tensor<?x4xf64>, %w: tensor<4x3xf64>) -> tensor<?x3xf64> {
      %r = step.linear %x, %w transposed : (tensor<?x4xf64>, tensor<4x3xf64>) -> tensor<?x3xf64>
      return %r : tensor<?x3xf64> })",
     {},
     {0, 1}},
    {"rope_half",
     R"(func.func @f(%x: tensor<?x8xf64>, %p: tensor<?xi32>) -> tensor<?x8xf64> {
      %c, %s = step.rotation %p {frequencies = array<f64: 1.0, 0.1>, scale = 1.5} : (tensor<?xi32>) -> (tensor<?x2xf64>, tensor<?x2xf64>)
      %r = step.rope half %x, %c, %s : (tensor<?x8xf64>, tensor<?x2xf64>, tensor<?x2xf64>) -> tensor<?x8xf64>
      return %r : tensor<?x8xf64> })",
     {{1, someTokens}},
     {0}},
    {"rope_interleaved_inverse",
     R"(func.func @f(%x: tensor<?x8xf64>, %p: tensor<?xi32>) -> tensor<?x8xf64> {
      %c, %s = step.rotation %p {frequencies = array<f64: 1.0, 0.1>, scale = 1.0} : (tensor<?xi32>) -> (tensor<?x2xf64>, tensor<?x2xf64>)
      %r = step.rope interleaved %x, %c, %s inverse : (tensor<?x8xf64>, tensor<?x2xf64>, tensor<?x2xf64>) -> tensor<?x8xf64>
      return %r : tensor<?x8xf64> })",
     {{1, someTokens}},
     {0}},
    {"rope_of_a_part",
     R"(func.func @f(%x: tensor<?x14xf64>, %p: tensor<?xi32>) -> tensor<?x14xf64> {
      %c, %s = step.rotation %p {frequencies = array<f64: 1.0, 0.1>, scale = 1.5} : (tensor<?xi32>) -> (tensor<?x2xf64>, tensor<?x2xf64>)
      %r = step.rope half %x, %c, %s {head_channels = 7} : (tensor<?x14xf64>, tensor<?x2xf64>, tensor<?x2xf64>) -> tensor<?x14xf64>
      return %r : tensor<?x14xf64> })",
     {{1, someTokens}},
     {0}},
    {"attention_softcap",
     R"(func.func @f(%q: tensor<?x8xf64>, %k: tensor<?x8xf64>, %v: tensor<?x8xf64>, %s: tensor<?xi32>) -> tensor<?x8xf64> {
      %r, %l = step.attention %q, %k, %v, %s {heads = 2, key_value_heads = 2, scale = 0.7, softcap = 1.1}
          : (tensor<?x8xf64>, tensor<?x8xf64>, tensor<?x8xf64>, tensor<?xi32>) -> (tensor<?x8xf64>, tensor<?x2xf64>)
      return %r : tensor<?x8xf64> })",
     {{3, someSegments}},
     {0, 1, 2}},
    {"attention",
     R"(func.func @f(%q: tensor<?x8xf64>, %k: tensor<?x4xf64>, %v: tensor<?x4xf64>, %s: tensor<?xi32>) -> tensor<?x8xf64> {
      %r, %l = step.attention %q, %k, %v, %s {heads = 4, key_value_heads = 2, scale = 0.7}
          : (tensor<?x8xf64>, tensor<?x4xf64>, tensor<?x4xf64>, tensor<?xi32>) -> (tensor<?x8xf64>, tensor<?x4xf64>)
      return %r : tensor<?x8xf64> })",
     {{3, someSegments}},
     {0, 1, 2}},
    {"attention_window",
     R"(func.func @f(%q: tensor<?x8xf64>, %k: tensor<?x8xf64>, %v: tensor<?x8xf64>, %s: tensor<?xi32>) -> tensor<?x8xf64> {
      %r, %l = step.attention %q, %k, %v, %s {heads = 2, key_value_heads = 2, scale = 0.7, window = 2}
          : (tensor<?x8xf64>, tensor<?x8xf64>, tensor<?x8xf64>, tensor<?xi32>) -> (tensor<?x8xf64>, tensor<?x2xf64>)
      return %r : tensor<?x8xf64> })",
     {{3, someSegments}},
     {0, 1, 2}},
    {"silu",
     R"(func.func @f(%x: tensor<?x4xf64>) -> tensor<?x4xf64> {
      %r = step.activation silu %x : (tensor<?x4xf64>) -> tensor<?x4xf64>
      return %r : tensor<?x4xf64> })",
     {},
     {0}},
    {"gelu_tanh",
     R"(func.func @f(%x: tensor<?x4xf64>) -> tensor<?x4xf64> {
      %r = step.activation gelu_tanh %x : (tensor<?x4xf64>) -> tensor<?x4xf64>
      return %r : tensor<?x4xf64> })",
     {},
     {0}},
    {"gelu",
     R"(func.func @f(%x: tensor<?x4xf64>) -> tensor<?x4xf64> {
      %r = step.activation gelu %x : (tensor<?x4xf64>) -> tensor<?x4xf64>
      return %r : tensor<?x4xf64> })",
     {},
     {0}},
    {"relu",
     R"(func.func @f(%x: tensor<?x4xf64>) -> tensor<?x4xf64> {
      %r = step.activation relu %x : (tensor<?x4xf64>) -> tensor<?x4xf64>
      return %r : tensor<?x4xf64> })",
     {},
     {0}},
    {"scale",
     R"(func.func @f(%x: tensor<?x4xf64>) -> tensor<?x4xf64> {
      %r = step.scale %x {factor = -0.3} : (tensor<?x4xf64>) -> tensor<?x4xf64>
      return %r : tensor<?x4xf64> })",
     {},
     {0}},
    {"dropout",
     R"(func.func @f(%x: tensor<?x4xf64>, %n: tensor<?xi32>, %l: tensor<1xf32>) -> tensor<?x4xf64> {
      %r = step.dropout %x, %n, %l {share = 0.4, salt = 3} : (tensor<?x4xf64>, tensor<?xi32>, tensor<1xf32>) -> tensor<?x4xf64>
      return %r : tensor<?x4xf64> })",
     {{1, {4, -7, 90, 5, 6, 123456}}, {2, {2}}},
     {0}},
    {"gate_silu",
     R"(func.func @f(%x: tensor<?x4xf64>, %y: tensor<?x4xf64>) -> tensor<?x4xf64> {
      %r = step.gate silu %x, %y : (tensor<?x4xf64>, tensor<?x4xf64>) -> tensor<?x4xf64>
      return %r : tensor<?x4xf64> })",
     {},
     {0, 1}},
    {"gate_gelu",
     R"(func.func @f(%x: tensor<?x4xf64>, %y: tensor<?x4xf64>) -> tensor<?x4xf64> {
      %r = step.gate gelu_tanh %x, %y : (tensor<?x4xf64>, tensor<?x4xf64>) -> tensor<?x4xf64>
      return %r : tensor<?x4xf64> })",
     {},
     {0, 1}},
    {"add_twice", // gradients of one value add up
     R"(func.func @f(%x: tensor<?x4xf64>, %y: tensor<?x4xf64>) -> tensor<?x4xf64> {
      %a = step.add %x, %y : tensor<?x4xf64>
      %r = step.add %a, %x : tensor<?x4xf64>
      return %r : tensor<?x4xf64> })",
     {},
     {0, 1}},
    {"split",
     R"(func.func @f(%x: tensor<?x6xf64>) -> (tensor<?x2xf64>, tensor<?x4xf64>) {
      %a, %b = step.split %x : (tensor<?x6xf64>) -> (tensor<?x2xf64>, tensor<?x4xf64>)
      return %a, %b : tensor<?x2xf64>, tensor<?x4xf64> })",
     {},
     {0}},
    {"split_by_group",
     R"(func.func @f(%x: tensor<?x12xf64>) -> (tensor<?x4xf64>, tensor<?x8xf64>) {
      %a, %b = step.split %x {groups = 2} : (tensor<?x12xf64>) -> (tensor<?x4xf64>, tensor<?x8xf64>)
      return %a, %b : tensor<?x4xf64>, tensor<?x8xf64> })",
     {},
     {0}},
    {"pick_rows",
     R"(func.func @f(%x: tensor<?x4xf64>, %r: tensor<?xi32, #step.rows<targets>>) -> tensor<?x4xf64, #step.rows<targets>> {
      %r0 = step.pick_rows %x, %r : (tensor<?x4xf64>, tensor<?xi32, #step.rows<targets>>) -> tensor<?x4xf64, #step.rows<targets>>
      return %r0 : tensor<?x4xf64, #step.rows<targets>> })",
     {{1, {0, 2, 5}}},
     {0}},
    {"expand_rows",
     R"(func.func @f(%x: tensor<?x4xf64, #step.rows<targets>>, %r: tensor<?xi32, #step.rows<targets>>, %t: tensor<?xi32>) -> tensor<?x4xf64> {
      %r0 = step.expand_rows %x, %r : (tensor<?x4xf64, #step.rows<targets>>, tensor<?xi32, #step.rows<targets>>) -> tensor<?x4xf64>
      return %r0 : tensor<?x4xf64> })",
     {{1, {0, 2, 5}}, {2, someTokens}},
     {0}},
    {"cast",
     R"(func.func @f(%x: tensor<3x4xf64>) -> tensor<3x4xf64> {
      %r = step.cast %x : (tensor<3x4xf64>) -> tensor<3x4xf64>
      return %r : tensor<3x4xf64> })",
     {},
     {0}},
    {"cross_entropy_focal", focal.c_str(), {{2, someLabels}}, {0, 1}, true},
    {"cross_entropy_z_loss", zLoss.c_str(), {{2, someLabels}}, {0, 1}, true},
    {"cross_entropy_scale_and_softcap", cappedLoss.c_str(), {{2, someLabels}}, {0, 1}, true},
    {"cross_entropy_bias", biasedLoss.c_str(), {{3, someLabels}}, {0, 1, 2}, true},
    {"cross_entropy_teacher", taughtLoss.c_str(), {{2, someLabels}}, {0, 1}, true},
    {"cross_entropy_every_function", everyFunction.c_str(), {{2, someLabels}}, {0, 1}, true},
};

/// Adds @g: the arguments of `f`, a gradient for each of its results (or the first) -> the
/// gradients of the varied arguments.
func::FuncOp addGradient(func::FuncOp f, const GradientCase &test) {
  OpBuilder builder(f.getContext());
  builder.setInsertionPointAfter(f);
  size_t seeds = test.firstResultOnly ? 1 : f.getNumResults();
  SmallVector<Type> arguments(f.getArgumentTypes()), results;
  llvm::append_range(arguments, f.getResultTypes().take_front(seeds));
  for (unsigned i : test.varied)
    results.push_back(f.getArgumentTypes()[i]);
  auto g =
      func::FuncOp::create(builder, f.getLoc(), "g", builder.getFunctionType(arguments, results));
  Block *body = g.addEntryBlock();
  builder.setInsertionPointToStart(body);

  IRMapping values;
  values.map(f.getArguments(), body->getArguments().take_front(f.getNumArguments()));
  SmallVector<Operation *> operations;
  for (Operation &op : f.front().without_terminator())
    operations.push_back(builder.clone(op, values));
  GradientTable gradients(builder);
  for (size_t i = 0; i < seeds; ++i)
    gradients.add(values.lookup(f.front().getTerminator()->getOperand(i)),
                  body->getArgument(f.getNumArguments() + i));
  auto noLayers = [](LayersOp, Value, GradientTable &) { return failure(); };
  EXPECT_TRUE(succeeded(differentiate(operations, builder, gradients, noLayers)));
  SmallVector<Value> returned;
  for (unsigned i : test.varied)
    returned.push_back(gradients.lookup(body->getArgument(i)));
  func::ReturnOp::create(builder, f.getLoc(), returned);
  return g;
}

Array randomOf(Type type, std::mt19937 &generator) {
  std::vector<int64_t> shape = cast<RankedTensorType>(type).getShape().vec();
  for (int64_t &length : shape)
    if (length == ShapedType::kDynamic)
      length = rowsOf(type) ? targets : tokens;
  Array array(shape);
  std::normal_distribution<double> normal;
  for (double &value : array.values)
    value = normal(generator);
  return array;
}

class Gradient : public ::testing::TestWithParam<GradientCase> {};

TEST_P(Gradient, MatchesFiniteDifferences) {
  const GradientCase &test = GetParam();
  DialectRegistry registry;
  registerStepDialects(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(test.text, &context);
  ASSERT_TRUE(module);
  auto f = module->lookupSymbol<func::FuncOp>("f");
  func::FuncOp g = addGradient(f, test);
  ASSERT_TRUE(succeeded(verify(*module)));

  std::mt19937 generator(1);
  std::vector<Array> arguments;
  for (unsigned i = 0; i < f.getNumArguments(); ++i)
    arguments.push_back(test.indexes.contains(i) ? Array::column(test.indexes.at(i))
                                                 : randomOf(f.getArgumentTypes()[i], generator));
  std::vector<Array> seeds;
  for (Type type : f.getResultTypes().take_front(test.firstResultOnly ? 1 : f.getNumResults()))
    seeds.push_back(randomOf(type, generator));
  auto objective = [&] {
    std::vector<Array> results = run(f, arguments);
    double sum = 0;
    for (size_t r = 0; r < seeds.size(); ++r)
      for (size_t i = 0; i < seeds[r].values.size(); ++i)
        sum += seeds[r].values[i] * results[r].values[i];
    return sum;
  };
  std::vector<Array> inputs = arguments;
  inputs.insert(inputs.end(), seeds.begin(), seeds.end());
  std::vector<Array> found = run(g, inputs);

  for (size_t v = 0; v < test.varied.size(); ++v)
    for (size_t i = 0; i < found[v].values.size(); ++i) {
      double &value = arguments[test.varied[v]].values[i];
      double kept = value, width = 1e-5;
      value = kept + width;
      double above = objective();
      value = kept - width;
      double below = objective();
      value = kept;
      // Central differences err by width^2 times a third derivative, and by rounding / width.
      EXPECT_NEAR(found[v].values[i], (above - below) / (2 * width),
                  1e-7 * (1 + std::fabs(found[v].values[i])))
          << "argument " << test.varied[v] << ", element " << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Every, Gradient, ::testing::ValuesIn(cases),
                         [](const auto &info) { return std::string(info.param.name); });

} // namespace
