//===- DistillationTest.cpp - two models in one program -------------------===//
//
// A small model that learns from a wider one beside its labels: parameters of both
// in one entry, both models' logits of a chunk at one time, gradients and moments of
// one only. Compiled, and compared with the reference evaluator on the same module.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/CompileProgram.h"
#include "compiler/pipeline/StagePasses.h"
#include "runtime/LaunchLists.h"
#include "runtime/cpu/CPUDevice.h"
#include "runtime/device/Executor.h"
#include "tests/Paths.h"
#include "tests/compiler/step/ModelRunner.h"

#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

using namespace mlir;
using namespace roux;
using namespace roux::step::reference;
using roux::step::registerStepDialects;

namespace {

/// The loss is partly the label's and partly the divergence; tokens without a label teach nothing.
constexpr const char *text = R"(
func.func private @student(%x: tensor<?x6xf64>, %w: tensor<6x6xf64>) -> tensor<?x6xf64> {
  %y = step.linear %x, %w : (tensor<?x6xf64>, tensor<6x6xf64>) -> tensor<?x6xf64>
  %a = step.activation silu %y : (tensor<?x6xf64>) -> tensor<?x6xf64>
  %z = step.add %x, %a : tensor<?x6xf64>
  return %z : tensor<?x6xf64>
}
func.func private @teacher(%x: tensor<?x10xf64>, %g: tensor<10x10xf64>, %u: tensor<10x10xf64>) -> tensor<?x10xf64> {
  %p = step.linear %x, %g : (tensor<?x10xf64>, tensor<10x10xf64>) -> tensor<?x10xf64>
  %q = step.linear %x, %u : (tensor<?x10xf64>, tensor<10x10xf64>) -> tensor<?x10xf64>
  %a = step.gate silu %p, %q : (tensor<?x10xf64>, tensor<?x10xf64>) -> tensor<?x10xf64>
  %z = step.add %x, %a : tensor<?x10xf64>
  return %z : tensor<?x10xf64>
}
func.func @train(%token: tensor<?xi32> {step.column = #step.column<token>},
                 %label: tensor<?xi32> {step.column = #step.column<label>},
                 %words: tensor<11x6xf64> {step.parameter = "student.words"},
                 %w: tensor<2x6x6xf64> {step.parameter = "student.{layer}.w"},
                 %head: tensor<11x6xf64> {step.parameter = "student.head"},
                 %wide: tensor<11x10xf64> {step.parameter = "teacher.words", step.frozen},
                 %g: tensor<3x10x10xf64> {step.parameter = "teacher.{layer}.gate", step.frozen},
                 %u: tensor<3x10x10xf64> {step.parameter = "teacher.{layer}.up", step.frozen},
                 %other: tensor<11x10xf64> {step.parameter = "teacher.head", step.frozen})
    -> (tensor<f64> {step.result = "loss"}) {
  %x = step.embedding %token, %words : (tensor<?xi32>, tensor<11x6xf64>) -> tensor<?x6xf64>
  %y, %in = step.layers @student(%x) shared() weights(%w) count 2 save
      : (tensor<?x6xf64>, tensor<2x6x6xf64>) -> (tensor<?x6xf64>, tensor<2x?x6xf64>)
  %a = step.embedding %token, %wide : (tensor<?xi32>, tensor<11x10xf64>) -> tensor<?x10xf64>
  %b, %kept = step.layers @teacher(%a) shared() weights(%g, %u) count 3 save
      : (tensor<?x10xf64>, tensor<3x10x10xf64>, tensor<3x10x10xf64>) -> (tensor<?x10xf64>, tensor<3x?x10xf64>)
  %loss, %nll, %lse, %weights = step.cross_entropy %y, %head, %label teacher %b, %other formula {
  ^bb0(%n: f64, %l: f64, %d: f64):
    %share = arith.constant 0.25 : f64
    %labels = arith.mulf %share, %n : f64
    %sum = arith.addf %labels, %d : f64
    step.yield %sum : f64
  } weight() {
  ^bb0(%n: f64, %l: f64):
    %each = arith.constant 0.125 : f64
    step.yield %each : f64
  } : (tensor<?x6xf64>, tensor<11x6xf64>, tensor<?xi32>, tensor<?x10xf64>, tensor<11x10xf64>)
      -> (tensor<f64>, tensor<?xf64>, tensor<?xf64>, tensor<?xf64>)
  return %loss : tensor<f64>
})";

const std::vector<int32_t> tokens{3, 0, 4, 10, 0, 3, 7, 1, 9}, labels{0, 4, -1, 0, 3, 7, 1, 9, -1};

template <typename T>
std::span<std::byte> bytesOf(std::vector<T> &values) {
  return std::as_writable_bytes(std::span(values));
}

class Distillation : public ::testing::Test {
protected:
  Distillation() {
    DialectRegistry registry;
    registerStages(registry);
    registerStepDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module && succeeded(runStages(*module, "step", "grad", {})));
    auto train = module->lookupSymbol<func::FuncOp>("train");
    std::mt19937 generator(5);
    std::normal_distribution<double> normal(0, 0.4);
    for (unsigned i = 2; i < train.getNumArguments(); ++i) {
      std::string name =
          train.getArgAttrOfType<StringAttr>(i, step::StepDialect::parameterName).str();
      names.push_back(name);
      Array &array = parameters[name] =
          Array(cast<RankedTensorType>(train.getArgumentTypes()[i]).getShape().vec());
      for (double &value : array.values)
        value = normal(generator);
    }
  }

  Program compiled() {
    OwningOpRef<ModuleOp> kernels = module->clone();
    EXPECT_TRUE(succeeded(runStages(*kernels, "grad", "kernel", {})));
    FailureOr<Program> program = compileProgram(*kernels, {.cacheFolder = kernelsOfProcess()});
    EXPECT_TRUE(succeeded(program));
    return std::move(*program);
  }

  /// Loss and gradients of one step of `executor`, gradients by the parameter's name.
  std::pair<double, Parameters> step(Executor &executor) {
    Bindings bindings;
    std::vector<int32_t> token = tokens, label = labels;
    TokenGroups groups = groupTokens(token);
    std::vector<double> loss(1);
    Parameters gradients;
    bindings.extents = {{"tokens", tokens.size()},
                        {"token.distinct", groups.ids.size()},
                        {"token.starts", groups.starts.size()}};
    bindings.buffers = {{"token", bytesOf(token)},
                        {"label", bytesOf(label)},
                        {"token.ids", bytesOf(groups.ids)},
                        {"token.starts", bytesOf(groups.starts)},
                        {"token.members", bytesOf(groups.members)},
                        {"loss", bytesOf(loss)}};
    for (const std::string &name : names) {
      bindings.buffers[name] = bytesOf(parameters[name].values);
      if (name.starts_with("student")) {
        gradients[name] = Array(parameters[name].shape);
        bindings.buffers[name + ".gradient"] = bytesOf(gradients[name].values);
      }
    }
    executor.run("train", bindings);
    return {loss[0], gradients};
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::vector<std::string> names; ///< of parameters, as the entry takes them
  Parameters parameters;
};

TEST_F(Distillation, LossAndGradientsAreTheReferences) {
  std::vector<Array> arguments;
  for (const std::vector<int32_t> &column : {tokens, labels})
    arguments.push_back(Array::column(std::vector<double>(column.begin(), column.end())));
  for (const std::string &name : names)
    arguments.push_back(parameters[name]);
  auto gradient = module->lookupSymbol<func::FuncOp>("train_grad");
  for (Type sum : gradient.getArgumentTypes().drop_front(arguments.size()))
    arguments.push_back(Array(cast<RankedTensorType>(sum).getShape().vec()));
  std::vector<Array> expected = run(gradient, arguments);

  Executor executor(compiled(), std::make_shared<CPUDevice>(2));
  auto [loss, gradients] = step(executor);
  EXPECT_NEAR(loss, expected[0].values[0], 1e-13);
  ASSERT_EQ(expected.size(), 1 + gradients.size());
  for (size_t i = 0; i < gradients.size(); ++i)
    EXPECT_LT(relativeError(gradients[names[i]], expected[1 + i]), 1e-12) << names[i];
}

/// The teacher runs forward and no further: its parameters have no gradients, and of what only they
/// reach nothing is kept.
TEST_F(Distillation, NothingIsOwedToTheTeacher) {
  Program program = compiled();
  for (const ProgramBuffer &buffer : program.entry("train").buffers) {
    if (buffer.role == BufferRole::Gradient)
      EXPECT_TRUE(buffer.name.starts_with("student.")) << buffer.name;
  }
  for (const std::string &kernel : program.kernels)
    EXPECT_EQ(kernel.find("gradient_10x10"), kernel.npos) << kernel;
}

/// What it is for: the small model comes to say what the wide one says.
TEST_F(Distillation, TheStudentComesNearer) {
  Executor executor(compiled(), std::make_shared<CPUDevice>(1));
  double first = step(executor).first, last = first;
  Parameters teacher = parameters;
  for (int i = 0; i < 400; ++i) {
    auto [loss, gradients] = step(executor);
    last = loss;
    for (auto &[name, gradient] : gradients)
      for (size_t j = 0; j < gradient.values.size(); ++j)
        parameters[name].values[j] -= 0.5 * gradient.values[j];
  }
  EXPECT_LT(last, 0.6 * first); // its labels say other words than the teacher
  EXPECT_EQ(parameters["teacher.head"].values, teacher["teacher.head"].values);
}

} // namespace
