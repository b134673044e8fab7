//===- StepToKernelTest.cpp - compiled steps against their meaning --------===//
//
// The programs that models become, run on the CPU, compared with the reference
// evaluator on the same module. In f64 the two differ by the order of sums only,
// so nothing can hide in a tolerance.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/step/CompiledModel.h"
#include "tests/compiler/step/SmallModels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

using namespace roux;
using namespace roux::step;
using namespace roux::step::reference;

namespace {

struct CompiledCase {
  std::string name;
  model::ModelConfig config;
  StreamType type;
  Activations activations;
  double tolerance; ///< relative L2 per tensor
};

void PrintTo(const CompiledCase &test, std::ostream *stream) {
  *stream << test.name;
}

/// Sizes that someSequences() fits, and what a family says beside them.
model::ModelConfig smallOf(const std::string &type, const std::string &more) {
  return model::parseConfig(R"({"model_type": ")" + type + R"(", "hidden_size": 12,
    "intermediate_size": 20, "num_hidden_layers": 3, "num_attention_heads": 3,
    "num_key_value_heads": 3, "vocab_size": 23, "max_position_embeddings": 64, )" +
                                more + "}",
                            "small/config.json");
}

model::ModelConfig smallGemma() {
  return smallOf("gemma2", R"("head_dim": 6, "sliding_window": 5,
    "query_pre_attn_scalar": 3, "attn_logit_softcapping": 1.5, "final_logit_softcapping": 2.0)");
}

/// The same caps where scores are not so steep that the roundings of bf16 decide them.
model::ModelConfig mildGemma() {
  model::ModelConfig mild = smallGemma();
  mild.gainAroundOne = false;
  mild.embeddingScale = 1;
  mild.attentionDivisor = 6;
  mild.attentionSoftcap = 5;
  mild.logitSoftcap = 10;
  return mild;
}

std::vector<CompiledCase> cases() {
  model::ModelConfig capped = smallGemma();
  model::ModelConfig interleaved = smallLlama();
  interleaved.rotary.style = model::Rotary::Style::Interleaved;
  interleaved.headNorms = model::Blocks::HeadNorms::None;
  interleaved.window = 0;
  model::ModelConfig growing = smallOf("glm4", R"("head_dim": 8)");
  growing.rotary.scaling = model::Rotary::Scaling::Dynamic;
  growing.rotary.factor = 4;
  growing.rotary.originalContext = 6;
  return {
      {"llama_f64", smallLlama(), StreamType::F64, Activations::recompute, 1e-12},
      {"llama_saving_f64", smallLlama(), StreamType::F64, Activations::save, 1e-12},
      {"llama_interleaved_f64", interleaved, StreamType::F64, Activations::recompute, 1e-12},
      {"gpt2_f64", smallGpt2(), StreamType::F64, Activations::recompute, 1e-12},
      {"gpt2_saving_f64", smallGpt2(), StreamType::F64, Activations::save, 1e-12},
      {"llama_f32", smallLlama(), StreamType::F32, Activations::recompute, 1e-5},
      {"gpt2_f32", smallGpt2(), StreamType::F32, Activations::save, 1e-5},
      {"gemma2_f64", capped, StreamType::F64, Activations::recompute, 1e-12},
      {"gemma2_saving_f64", capped, StreamType::F64, Activations::save, 1e-12},
      {"gpt_neox_f64", smallOf("gpt_neox", R"("rotary_pct": 0.5)"), StreamType::F64,
       Activations::recompute, 1e-12},
      {"phi_f64", smallOf("phi", R"("partial_rotary_factor": 0.5)"), StreamType::F64,
       Activations::recompute, 1e-12},
      {"glm4_f64", growing, StreamType::F64, Activations::recompute, 1e-12},
      // bf16 has eight bits, and roundings of a stream pile up over its layers; see the middle of
      // five draws below.
      {"llama_bf16", smallLlama(), StreamType::BF16, Activations::recompute, 0.25},
      {"gemma2_bf16", mildGemma(), StreamType::BF16, Activations::recompute, 0.25},
  };
}

class Compiled : public ::testing::TestWithParam<CompiledCase> {
protected:
  const CompiledCase &test = GetParam();
  Parameters parameters = randomParameters(test.config, 7);
  ModelRunner runner{test.config, parameters};
  CompiledModel &compiled = compiledOnce();
  Columns columns = columnsOf(someSequences(3), {0, 1, 2, 3, 4});

  /// The tests of one case share its code.
  CompiledModel &compiledOnce() {
    static std::map<std::string, std::unique_ptr<CompiledModel>> known;
    std::unique_ptr<CompiledModel> &model = known[test.name];
    if (!model)
      model = std::make_unique<CompiledModel>(test.config, parameters, test.type, 2, nullptr,
                                              test.activations);
    model->zeroGradients();
    return *model;
  }
  void expectNear(const Array &found, const Array &expected, const std::string &what) {
    EXPECT_LT(relativeError(found, expected), test.tolerance) << what;
  }
};

TEST_P(Compiled, LogitsAndLikelihoods) {
  expectNear(compiled.run("logits", columns)["logits"], runner.run("logits", columns)[0], "logits");
  expectNear(compiled.run("nll", columns)["nll"], runner.run("nll", columns)[0], "nll");
}

TEST_P(Compiled, LossAndGradients) {
  Parameters expected = runner.gradients(columns);
  Parameters results = compiled.run("train", columns);
  expectNear(results["loss"], expected[""], "loss");
  for (const auto &[name, gradient] : compiled.gradients())
    expectNear(gradient, expected[name], name);
}

/// Gradients of micro-batches add up in place, and those of one without targets are zero.
TEST_P(Compiled, MicroBatchesAddUp) {
  auto sequences = someSequences(3);
  compiled.run("train", columns);
  Parameters whole = compiled.gradients();
  compiled.zeroGradients();
  for (const std::vector<int> &micro : {std::vector<int>{3, 0}, {4}, {2, 1}})
    compiled.run("train", columnsOf(sequences, micro));
  for (const auto &[name, gradient] : compiled.gradients())
    expectNear(gradient, whole[name], name);

  Columns none;
  none.append(sequences[2], 1, [](size_t) { return false; });
  Parameters before = compiled.gradients();
  compiled.run("train", none);
  for (const auto &[name, gradient] : compiled.gradients())
    EXPECT_EQ(gradient.values, before[name].values) << name;
}

INSTANTIATE_TEST_SUITE_P(Every, Compiled, ::testing::ValuesIn(cases()),
                         [](const auto &info) { return info.param.name; });

/// Of the tokens only those with a label go through the final norm and the head, whatever their
/// share; a micro-batch without targets, or without tokens, adds nothing.
TEST_P(Compiled, SomeTargets) {
  auto sequences = someSequences(3);
  Columns some;
  for (size_t i = 0; i < sequences.size(); ++i)
    some.append(sequences[i], 0.1 * (i + 1), [&](size_t t) { return (t + i) % 4 == 0; });
  Parameters expected = runner.gradients(some);
  Parameters results = compiled.run("train", some);
  expectNear(results["loss"], expected[""], "loss");
  expectNear(results["nll"], runner.run("nll", some)[0], "nll");
  for (const auto &[name, gradient] : compiled.gradients())
    expectNear(gradient, expected[name], name);

  Parameters before = compiled.gradients();
  Columns none;
  EXPECT_EQ(compiled.run("train", none)["loss"].values[0], 0);
  for (const auto &[name, gradient] : compiled.gradients())
    EXPECT_EQ(gradient.values, before[name].values) << name;
}

/// What bf16's roundings make of the worst gradient differs threefold from draw to draw of the
/// weights, so one draw says little and the middle of five is held tighter.
double middleErrorOfFiveDraws(const model::ModelConfig &config) {
  std::vector<double> worst;
  for (uint64_t draw = 1; draw <= 5; ++draw) {
    Parameters parameters = randomParameters(config, draw);
    CompiledModel compiled(config, parameters, StreamType::BF16, 2, nullptr,
                           Activations::recompute);
    Columns columns = columnsOf(someSequences(3), {0, 1, 2, 3, 4});
    Parameters expected = ModelRunner(config, parameters).gradients(columns);
    compiled.zeroGradients();
    compiled.run("train", columns);
    worst.push_back(0);
    for (const auto &[name, gradient] : compiled.gradients())
      worst.back() = std::max(worst.back(), relativeError(gradient, expected[name]));
  }
  std::ranges::sort(worst);
  return worst[2];
}

TEST(CompiledBF16, GradientsAreNearInTheMiddleOfFiveDraws) {
  EXPECT_LT(middleErrorOfFiveDraws(smallLlama()), 0.06);
  EXPECT_LT(middleErrorOfFiveDraws(mildGemma()), 0.1);
}

/// Two updates, the first of which is clipped, against the reference evaluator.
TEST(CompiledUpdate, MatchesReference) {
  model::ModelConfig config = smallLlama();
  UpdateSettings settings;
  settings.decay = 0.1, settings.clip = 0.5;
  Parameters parameters = randomParameters(config, 7);
  CompiledModel compiled(config, parameters, StreamType::F64, 2, nullptr, Activations::recompute,
                         settings);
  ModelRunner runner(config, parameters, nullptr, Activations::recompute, settings);
  Columns columns = columnsOf(someSequences(3), {0, 1, 2, 3, 4});
  Parameters first, second;
  for (const auto &[name, array] : parameters)
    first[name] = second[name] = Array(array.shape);
  for (int n = 1; n <= 2; ++n) {
    compiled.zeroGradients();
    compiled.run("train", columns);
    double c1 = 1 - std::pow(0.9, n), c2 = 1 - std::pow(0.95, n);
    double norm = compiled.update(1e-2, c1, c2);
    double expected = runner.update(runner.gradients(columns), first, second, 1e-2, c1, c2);
    EXPECT_NEAR(norm, expected, 1e-12 * expected);
    EXPECT_GT(norm, 0.5) << "the clip has nothing to do";
    for (const auto &[name, array] : compiled.parameters())
      EXPECT_LT(relativeError(array, runner.parameters[name]), 1e-12) << name;
  }
}

} // namespace
