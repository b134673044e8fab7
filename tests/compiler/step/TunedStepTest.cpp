//===- TunedStepTest.cpp - steps that train a part of a model -------------===//
//
// Frozen weights and layers against the same step without; adapters against the
// model that they are merged into, by plain loops in double.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/ParameterTable.h"
#include "tests/compiler/step/CompiledModel.h"
#include "tests/compiler/step/SmallModels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <set>

using namespace roux;
using namespace roux::step;
using namespace roux::step::reference;
using model::Role;
using Part = model::WeightRow::Part;

namespace {

/// How often `entry` names a kernel whose name begins so.
size_t launches(const Program &program, const std::string &entry, const std::string &kernel) {
  size_t count = 0;
  for (const Instruction &i : program.entry(entry).instructions)
    count += i.opcode == Opcode::Launch && program.kernels[i.immediate].starts_with(kernel);
  return count;
}

/// A step of small Llamas, apart from one another, so that a product is a launch.
CompiledModel unfused(const model::ModelConfig &config, const Parameters &parameters,
                      Activations activations, StreamType type = StreamType::F32) {
  return CompiledModel(config, parameters, type, 1, nullptr, activations, {}, givenWeight(),
                       /*fuses=*/false);
}

/// Frozen weights have no gradient, no kernel that would make it, no moments and no update; what is
/// trained beside them gets the same bits as without.
TEST(CompiledFrozen, CostsNothingAndChangesNothing) {
  model::ModelConfig config = smallLlama(), tuned = config;
  Parameters parameters = randomParameters(config, 7);
  Columns columns = columnsOf(someSequences(3), {0, 1, 2, 3, 4});
  tuned.tuning.frozen = {Role::Embedding, Role::Query, Role::Vocabulary, Role::FeedForwardNorm};
  std::vector<std::string> frozen;
  for (const model::WeightRow &row : model::parameterTable(tuned))
    if (row.isFrozen)
      frozen.push_back(row.name);
  EXPECT_EQ(frozen.size(), 4u);
  for (Activations activations : {Activations::recompute, Activations::save}) {
    CompiledModel whole = unfused(config, parameters, activations);
    CompiledModel part = unfused(tuned, parameters, activations);
    whole.run("train", columns);
    part.run("train", columns);
    Parameters all = whole.gradients();
    for (const auto &[name, gradient] : part.gradients())
      if (llvm::is_contained(frozen, name))
        EXPECT_EQ(gradient.values, std::vector<double>(gradient.values.size())) << name;
      else
        EXPECT_EQ(gradient.values, all[name].values) << name;
    EXPECT_EQ(launches(whole.program(), "train", "linear_gradient"),
              launches(part.program(), "train", "linear_gradient") + 1);
    for (const char *kernel : {"embedding_gradient", "vocabulary_gradient"})
      EXPECT_EQ(launches(part.program(), "train", kernel), 0u) << kernel;
    for (const char *entry : {"train", "update"})
      for (const ProgramBuffer &buffer : part.program().entry(entry).buffers)
        for (const std::string &name : frozen)
          EXPECT_TRUE(buffer.name != name + ".gradient" && buffer.name != name + ".first") << name;
    part.update(1e-2, 0.1, 0.05);
    for (const auto &[name, array] : part.parameters())
      EXPECT_EQ(array.values == whole.parameters()[name].values, llvm::is_contained(frozen, name))
          << name;
  }
}

/// `parameters` of the plain model as those of `config`, whose frozen layers are tensors of their
/// own.
Parameters divided(const model::ModelConfig &config, const Parameters &parameters) {
  Parameters result;
  for (const model::WeightRow &row : model::parameterTable(config)) {
    std::string whole = row.name;
    if (size_t begin = whole.find('{'); begin != whole.npos)
      whole.replace(begin, whole.find('}') + 1 - begin, "{layer}");
    const Array &from = parameters.at(whole);
    std::vector<int64_t> shape = row.shape;
    if (row.perLayer)
      shape.insert(shape.begin(), row.layers);
    Array array(shape);
    size_t each = array.values.size() / row.layers;
    std::copy_n(from.values.begin() + row.firstLayer * each, array.values.size(),
                array.values.begin());
    result[row.name] = std::move(array);
  }
  return result;
}

/// Layers that are frozen below all that is trained have nothing that goes backwards; those above
/// pass on what they are owed. What is trained gets the bits that it gets without.
TEST(CompiledFrozen, Layers) {
  struct Case {
    std::pair<int64_t, int64_t> layers;
    size_t backward; ///< runs of layers that something goes backwards through
    Activations activations;
  };
  model::ModelConfig config = smallLlama();
  Parameters parameters = randomParameters(config, 7);
  Columns columns = columnsOf(someSequences(3), {0, 1, 2, 3, 4});
  CompiledModel whole = unfused(config, parameters, Activations::save);
  whole.run("train", columns);
  Parameters all = whole.gradients();
  for (auto [layers, backward, activations] :
       {Case{{0, 1}, 1, Activations::save}, Case{{1, 2}, 2, Activations::recompute},
        Case{{1, 1}, 3, Activations::save}}) {
    model::ModelConfig tuned = config;
    tuned.tuning.frozen = {Role::Embedding};
    tuned.tuning.frozenLayers = {layers};
    CompiledModel part = unfused(tuned, divided(tuned, parameters), activations);
    part.run("train", columns);
    Parameters expected = divided(tuned, all), found = part.gradients();
    for (const model::WeightRow &row : model::parameterTable(tuned)) {
      Array zero(found[row.name].shape);
      EXPECT_EQ(found[row.name].values, row.isFrozen ? zero.values : expected[row.name].values)
          << row.name;
    }
    EXPECT_EQ(launches(part.program(), "train", "attention_gradient"),
              launches(whole.program(), "train", "attention_gradient") * backward);
    EXPECT_EQ(launches(part.program(), "train", "embedding_gradient"), 0u);
  }
}

constexpr double alpha = 6, rank = 3;

model::ModelConfig adaptedConfig(const model::ModelConfig &plain, std::vector<Role> on) {
  model::ModelConfig config = plain;
  config.tuning.adapter = model::Adapter{int64_t(rank), alpha, false, 0, std::move(on)};
  return config;
}

/// Calls `visit(matrix, a, b, scale b[o, k] a[k, i] …)`: the place of W[o, i] in its stack, those
/// of A[k, i] and B[o, k] in theirs, for all layers.
template <typename Visit>
void visitProducts(const model::ModelConfig &config, const model::WeightRow &row, Visit visit) {
  int64_t outputs = row.shape[0], inputs = row.shape[1], r = config.tuning.adapter->rank;
  if (config.transposed)
    std::swap(outputs, inputs);
  for (int64_t l = 0; l < row.layers; ++l)
    for (int64_t o = 0; o < outputs; ++o)
      for (int64_t i = 0; i < inputs; ++i)
        for (int64_t k = 0; k < r; ++k)
          visit(l * outputs * inputs + (config.transposed ? i * outputs + o : o * inputs + i),
                (l * r + k) * inputs + i, (l * outputs + o) * r + k);
}

std::vector<model::WeightRow> adaptedRows(const model::ModelConfig &config) {
  std::vector<model::WeightRow> rows = model::weightTable(config);
  std::erase_if(rows, [&](const model::WeightRow &row) {
    return !llvm::is_contained(config.tuning.adapter->on, row.role);
  });
  return rows;
}

/// The parameters of the plain model with the adapter's product in its matrices.
Parameters mergedOf(const model::ModelConfig &config, Parameters parameters) {
  for (const model::WeightRow &row : adaptedRows(config)) {
    const Array &a = parameters[model::adapterName(row.name, Part::Down)];
    const Array &b = parameters[model::adapterName(row.name, Part::Up)];
    Array &w = parameters[row.name];
    visitProducts(config, row, [&](int64_t at, int64_t ofA, int64_t ofB) {
      w.values[at] += alpha / rank * b.values[ofB] * a.values[ofA];
    });
  }
  return parameters;
}

/// What A and B are owed when the merged matrix is owed `gradients`.
Parameters adapterGradients(const model::ModelConfig &config, const Parameters &parameters,
                            const Parameters &gradients) {
  Parameters owed;
  for (const model::WeightRow &row : adaptedRows(config)) {
    std::string down = model::adapterName(row.name, Part::Down);
    std::string up = model::adapterName(row.name, Part::Up);
    const Array &a = parameters.at(down), &b = parameters.at(up), &w = gradients.at(row.name);
    Array &ofA = owed[down] = Array(a.shape), &ofB = owed[up] = Array(b.shape);
    visitProducts(config, row, [&](int64_t at, int64_t inA, int64_t inB) {
      ofA.values[inA] += alpha / rank * b.values[inB] * w.values[at];
      ofB.values[inB] += alpha / rank * a.values[inA] * w.values[at];
    });
  }
  return owed;
}

struct AdaptedCase {
  std::string name;
  model::ModelConfig config;
  StreamType type;
  Activations activations;
  double tolerance;
};

void PrintTo(const AdaptedCase &test, std::ostream *stream) {
  *stream << test.name;
}

std::vector<AdaptedCase> adaptedCases() {
  std::vector<Role> few{Role::Query, Role::Value};
  std::vector<Role> all{Role::Query, Role::Key, Role::Value, Role::Output,
                        Role::Gate,  Role::Up,  Role::Down};
  std::vector<Role> fused{Role::QueryKeyValue, Role::Output, Role::Up, Role::Down};
  using enum Activations;
  return {
      {"few_f64", adaptedConfig(smallLlama(), few), StreamType::F64, recompute, 1e-11},
      {"all_f64", adaptedConfig(smallLlama(), all), StreamType::F64, recompute, 1e-11},
      {"all_saving_f64", adaptedConfig(smallLlama(), all), StreamType::F64, save, 1e-11},
      {"gpt2_f64", adaptedConfig(smallGpt2(), fused), StreamType::F64, save, 1e-11},
      {"all_f32", adaptedConfig(smallLlama(), all), StreamType::F32, save, 2e-5},
      {"all_bf16", adaptedConfig(smallLlama(), all), StreamType::BF16, save, 0.1},
  };
}

class AdaptedStep : public ::testing::TestWithParam<AdaptedCase> {
protected:
  const AdaptedCase &test = GetParam();
  Parameters parameters = mildParameters();
  Columns columns = columnsOf(someSequences(3), {0, 1, 2, 3, 4});

  /// In bf16 an adapter that leaves scores so flat that roundings do not decide them.
  Parameters mildParameters() {
    Parameters made = randomParameters(test.config, 7);
    for (auto &[name, array] : made)
      for (double &value : array.values)
        if (test.type == StreamType::BF16 && name.find(".lora_") != name.npos)
          value *= 0.3;
    return made;
  }

  /// The plain model, with the adapter of `parameters` merged.
  std::unique_ptr<ModelRunner> plain() {
    model::ModelConfig config = test.config;
    config.tuning = {};
    return std::make_unique<ModelRunner>(config, mergedOf(test.config, parameters));
  }
};

/// An adapted model computes what the merged one does, and its gradients are those of the merged
/// matrices, taken through the product.
TEST_P(AdaptedStep, IsTheMergedModel) {
  CompiledModel compiled(test.config, parameters, test.type, 2, nullptr, test.activations);
  auto merged = plain();
  EXPECT_LT(
      relativeError(compiled.run("logits", columns)["logits"], merged->run("logits", columns)[0]),
      test.tolerance);
  compiled.zeroGradients();
  EXPECT_LT(relativeError(compiled.run("train", columns)["loss"], merged->gradients(columns)[""]),
            test.tolerance);
  Parameters found = compiled.gradients();
  for (const auto &[name, expected] :
       adapterGradients(test.config, parameters, merged->gradients(columns)))
    EXPECT_LT(relativeError(found[name], expected), test.tolerance) << name;
}

/// Frozen weights are kept once, in the type that is computed with, and nothing of the update is;
/// a product that a frozen matrix is in has no gradient of it.
TEST_P(AdaptedStep, LeavesTheBaseAlone) {
  CompiledModel compiled = unfused(test.config, parameters, test.activations, test.type);
  const Program &program = compiled.program();
  std::set<std::string> names;
  for (const char *entry : {"train", "update", "nll", "logits"})
    for (const ProgramBuffer &buffer : program.entry(entry).buffers)
      names.insert(buffer.name);
  for (const model::WeightRow &row : model::parameterTable(test.config)) {
    bool isTrained = row.part != Part::Whole;
    EXPECT_EQ(names.contains(row.name + ".gradient"), isTrained) << row.name;
    EXPECT_EQ(names.contains(row.name + ".first"), isTrained) << row.name;
    for (const ProgramBuffer &buffer : program.entry("nll").buffers)
      if (buffer.name == row.name && test.type == StreamType::BF16)
        EXPECT_EQ(buffer.element, row.isFrozen && row.shape.size() == 2 ? "bf16" : "f32");
  }
  EXPECT_EQ(launches(program, "train", "linear_gradient"),
            2 * test.config.tuning.adapter->on.size());
  for (const char *kernel : {"embedding_gradient", "vocabulary_gradient"})
    EXPECT_EQ(launches(program, "train", kernel), 0u) << kernel;
  compiled.run("train", columns);
  compiled.update(1e-2, 0.1, 0.05);
  Parameters after = compiled.parameters();
  CompiledModel fresh = unfused(test.config, parameters, test.activations, test.type);
  for (const model::WeightRow &row : model::parameterTable(test.config))
    EXPECT_EQ(after[row.name].values == fresh.parameters()[row.name].values, row.isFrozen)
        << row.name;
}

/// Twenty updates are those of AdamW in plain loops, on the merged model's gradients.
TEST_P(AdaptedStep, TwentySteps) {
  if (test.type == StreamType::BF16)
    // Loops in double cannot round as a bf16 stream does, and the updates of AdamW turn a small
    // difference of a gradient near zero into one of the learning rate. Gradients are held above.
    GTEST_SKIP() << "its roundings are not those of double precision";
  constexpr double rate = 1e-2, decay = 0.1;
  UpdateSettings update;
  update.decay = decay;
  for (auto &[name, array] : parameters)
    if (name.ends_with("lora_B.weight"))
      std::ranges::fill(array.values, 0.0); // as a fresh adapter is
  CompiledModel compiled(test.config, parameters, test.type, 2, nullptr, test.activations, update);
  auto merged = plain();
  Parameters first, second;
  for (int n = 1; n <= 20; ++n) {
    compiled.zeroGradients();
    compiled.run("train", columns);
    double ofFirst = 1 - std::pow(update.beta1, n), ofSecond = 1 - std::pow(update.beta2, n);
    compiled.update(rate, ofFirst, ofSecond);
    merged->parameters = mergedOf(test.config, parameters);
    for (const auto &[name, owed] :
         adapterGradients(test.config, parameters, merged->gradients(columns))) {
      std::vector<double> &m = first[name].values, &v = second[name].values;
      m.resize(owed.values.size());
      v.resize(owed.values.size());
      for (size_t i = 0; i < m.size(); ++i) {
        double g = owed.values[i], &w = parameters[name].values[i];
        m[i] = update.beta1 * m[i] + (1 - update.beta1) * g;
        v[i] = update.beta2 * v[i] + (1 - update.beta2) * g * g;
        w = w * (1 - rate * decay) -
            rate * (m[i] / ofFirst) / (std::sqrt(v[i] / ofSecond) + update.epsilon);
      }
    }
  }
  Parameters found = compiled.parameters();
  for (const auto &[name, expected] : parameters)
    if (name.find(".lora_") != name.npos)
      EXPECT_LT(relativeError(found[name], expected), std::min(test.tolerance, 1e-5)) << name;
}

/// What an adapter leaves out follows from token, layer and matrix: whatever is kept or fused, and
/// in whatever order sequences stand; only a training step leaves anything out.
TEST(AdapterDropout, IsOfEachTokenWhereverItStands) {
  std::vector<Role> all{Role::Query, Role::Key, Role::Value, Role::Output,
                        Role::Gate,  Role::Up,  Role::Down};
  model::ModelConfig plain = adaptedConfig(smallLlama(), all), config = plain;
  config.tuning.adapter->dropout = 0.3;
  Parameters parameters = randomParameters(config, 7);
  Columns columns = columnsOf(someSequences(3), {0, 1, 2, 3, 4});
  ModelRunner reference(config, parameters);
  Parameters expected = reference.gradients(columns);
  double without = ModelRunner(plain, parameters).gradients(columns)[""].values[0];
  EXPECT_GT(std::fabs(expected[""].values[0] / without - 1), 1e-3) << "it leaves nothing out";
  for (Activations activations : {Activations::recompute, Activations::save}) {
    CompiledModel compiled(config, parameters, StreamType::F64, 2, nullptr, activations);
    for (const std::vector<int> &order : {std::vector{0, 1, 2, 3, 4}, std::vector{3, 0, 4, 2, 1}}) {
      Columns ordered = columnsOf(someSequences(3), order);
      compiled.zeroGradients();
      EXPECT_LT(relativeError(compiled.run("train", ordered)["loss"], expected[""]), 1e-12);
      Parameters found = compiled.gradients();
      for (const model::WeightRow &row : model::parameterTable(config))
        if (!row.isFrozen)
          EXPECT_LT(relativeError(found[row.name], expected[row.name]), 1e-10) << row.name;
    }
    CompiledModel whole(plain, parameters, StreamType::F64, 2, nullptr, activations);
    EXPECT_EQ(compiled.run("nll", columns)["nll"].values, whole.run("nll", columns)["nll"].values);
    columns.noise[0] += 1;
    EXPECT_NE(compiled.run("train", columns)["loss"].values[0], expected[""].values[0]);
    columns.noise[0] -= 1;
  }
}

/// In twelve layers, as in any number, no launch makes the gradient of a frozen matrix.
TEST(CompiledFrozen, TwelveLayersOfAnAdapterHaveNoGradientOfTheBase) {
  model::ModelConfig config = adaptedConfig(smallLlama(), {Role::Query, Role::Value});
  config.layers = 12;
  for (Activations activations : {Activations::recompute, Activations::save}) {
    CompiledModel compiled = unfused(config, randomParameters(config, 7), activations);
    const Program &program = compiled.program();
    EXPECT_EQ(launches(program, "train", "linear_gradient"), 4u); // A and B of two, in the loop
    for (const Instruction &i : program.entry("train").instructions) {
      std::string kernel = i.opcode == Opcode::Launch ? program.kernels[i.immediate] : "";
      if (kernel.starts_with("linear_gradient")) // of so many outputs and inputs
        EXPECT_TRUE(kernel.find("_3x") != kernel.npos || kernel.find("x3_") != kernel.npos)
            << kernel;
    }
    for (const ProgramBuffer &buffer : program.entry("train").buffers)
      if (buffer.role == BufferRole::Gradient)
        EXPECT_NE(buffer.name.find(".lora_"), std::string::npos) << buffer.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, AdaptedStep, ::testing::ValuesIn(adaptedCases()),
                         [](const auto &info) { return info.param.name; });

} // namespace
