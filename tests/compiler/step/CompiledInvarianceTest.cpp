//===- CompiledInvarianceTest.cpp - what must not change compiled steps ---===//
//
// Order, packing, micro-batches and threads are how, never what. Streams here are
// long enough for several work items of every kernel and two chunks of logits.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/step/CompiledModel.h"
#include "tests/compiler/step/SmallModels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>

using namespace roux;
using namespace roux::step;
using namespace roux::step::reference;

namespace {

struct InvarianceCase {
  std::string name;
  model::ModelConfig config;
  StreamType type;
  double tolerance; ///< relative L2 per tensor
};

void PrintTo(const InvarianceCase &test, std::ostream *stream) {
  *stream << test.name;
}

std::vector<InvarianceCase> cases() {
  model::ModelConfig llama = smallLlama(), gpt2 = smallGpt2();
  llama.context = gpt2.context = 256;
  return {{"llama_f64", llama, StreamType::F64, 1e-12},
          {"gpt2_f64", gpt2, StreamType::F64, 1e-12},
          {"llama_f32", llama, StreamType::F32, 1e-5},
          {"gpt2_f32", gpt2, StreamType::F32, 1e-5}};
}

/// The first has ids below 11 and the others ids from there on, so that no embedding is shared.
std::vector<std::vector<int64_t>> longSequences() {
  std::mt19937 generator(3);
  std::vector<std::vector<int64_t>> sequences;
  for (int length : {230, 2, 250, 65, 17}) {
    std::vector<int64_t> ids;
    for (int i = 0; i < length; ++i)
      ids.push_back(sequences.empty() ? generator() % 11 : 11 + generator() % 12);
    sequences.push_back(ids);
  }
  return sequences;
}

/// What a step leaves, gradients by name.
struct StepResult {
  double loss = 0;
  Parameters gradients;
};

class CompiledInvariance : public ::testing::TestWithParam<InvarianceCase> {
protected:
  const InvarianceCase &test = GetParam();
  std::vector<std::vector<int64_t>> sequences = longSequences();
  CompiledModel &compiled = compiledOnce();

  /// The tests of one case share its code.
  CompiledModel &compiledOnce() {
    static std::map<std::string, std::unique_ptr<CompiledModel>> known;
    std::unique_ptr<CompiledModel> &model = known[test.name];
    if (!model)
      model = std::make_unique<CompiledModel>(test.config, randomParameters(test.config, 7),
                                              test.type, 2);
    return *model;
  }
  StepResult step(const std::vector<std::vector<int>> &microBatches) {
    StepResult result;
    compiled.zeroGradients();
    for (const std::vector<int> &micro : microBatches)
      result.loss += compiled.run("train", columnsOf(sequences, micro))["loss"].values[0];
    result.gradients = compiled.gradients();
    return result;
  }
  void expectEqual(const StepResult &a, const StepResult &b, const std::string &what) {
    EXPECT_EQ(a.loss, b.loss) << what;
    for (const auto &[name, gradient] : a.gradients)
      EXPECT_EQ(gradient.values, b.gradients.at(name).values) << what << ": " << name;
  }
};

TEST_P(CompiledInvariance, PackingOrderAndMicroBatches) {
  StepResult whole = step({{0, 1, 2, 3, 4}});
  const std::vector<std::vector<int>> layouts[] = {{{0}, {1}, {2}, {3}, {4}}, // alone
                                                   {{4, 2, 0, 3, 1}},         // another order
                                                   {{1, 4, 3, 0, 2}},         // sorted
                                                   {{2, 4}, {0, 3, 1}},       {{3}, {2, 0}, {1, 4}},
                                                   {{1}, {4, 3, 2, 0}}};
  for (const auto &layout : layouts) {
    StepResult other = step(layout);
    EXPECT_NEAR(other.loss, whole.loss, test.tolerance * whole.loss);
    for (const auto &[name, gradient] : whole.gradients)
      EXPECT_LT(relativeError(other.gradients[name], gradient), test.tolerance) << name;
  }
}

TEST_P(CompiledInvariance, RerunsAndThreadsAreBitEqual) {
  const std::vector<std::vector<int>> layout = {{2, 4}, {0, 3, 1}};
  StepResult first = step(layout);
  expectEqual(first, step(layout), "a rerun");
  for (unsigned threads : {1, 3, 2}) {
    compiled.useThreads(threads);
    expectEqual(first, step(layout), std::to_string(threads) + " threads");
  }
}

TEST_P(CompiledInvariance, LayersKeptOrComputedAgainAreBitEqual) {
  StepResult layers = step({{2, 4}, {0, 3, 1}});
  // All kept, the cheap ones not, most not, and none though each is asked for by itself.
  for (int64_t again : {0, 3, 7, 24}) {
    CompiledModel saving(test.config, randomParameters(test.config, 7), test.type, 2, nullptr,
                         Activations::save, {}, givenWeight(), true, again);
    StepResult kept;
    for (const std::vector<int> &micro : {std::vector<int>{2, 4}, {0, 3, 1}})
      kept.loss += saving.run("train", columnsOf(sequences, micro))["loss"].values[0];
    kept.gradients = saving.gradients();
    expectEqual(layers, kept, std::to_string(again) + " values not kept");
  }
}

// Whatever is kept for the gradient, and with the update that follows it.
TEST_P(CompiledInvariance, FusedAndApartAreBitEqual) {
  UpdateSettings clipped;
  clipped.clip = 0.1;
  for (StreamType type : {test.type, StreamType::BF16})
    for (Activations activations : {Activations::save, Activations::recompute}) {
      StepResult results[2];
      Parameters logits[2], updated[2];
      for (bool fuses : {false, true}) {
        CompiledModel model(test.config, randomParameters(test.config, 7), type, 2, nullptr,
                            activations, clipped, givenWeight(), fuses);
        results[fuses].loss = model.run("train", columnsOf(sequences, {2, 0, 4}))["loss"].values[0];
        results[fuses].gradients = model.gradients();
        logits[fuses] = model.run("logits", columnsOf(sequences, {1, 4}));
        model.update(1e-3, 0.1, 0.001);
        updated[fuses] = model.parameters();
      }
      expectEqual(results[0], results[1], "fused");
      EXPECT_EQ(logits[0]["logits"].values, logits[1]["logits"].values);
      for (const auto &[name, parameter] : updated[0])
        EXPECT_EQ(parameter.values, updated[1].at(name).values) << name;
    }
}

TEST_P(CompiledInvariance, DocumentsDoNotSeeEachOther) {
  std::vector<int> order = {3, 0, 2, 4};
  Columns before = columnsOf(sequences, order);
  StepResult stepBefore = step({order});
  for (int64_t &id : sequences[0])
    id = (id + 5) % 11;
  Columns after = columnsOf(sequences, order);
  StepResult stepAfter = step({order});
  size_t begin = before.segments[1], end = before.segments[2];
  for (const char *entry : {"logits", "nll"}) {
    Array a = compiled.run(entry, before)[entry], b = compiled.run(entry, after)[entry];
    size_t width = a.values.size() / a.rows();
    auto first = a.values.begin(), other = b.values.begin();
    EXPECT_TRUE(std::equal(first, first + begin * width, other)) << entry;
    EXPECT_FALSE(std::equal(first + begin * width, first + end * width, other + begin * width));
    EXPECT_TRUE(std::equal(first + end * width, a.values.end(), other + end * width)) << entry;
  }
  if (test.config.tied)
    return; // every token has a part in the gradient of every row
  Array a = stepBefore.gradients[model::weightTable(test.config)[0].name];
  Array b = stepAfter.gradients[model::weightTable(test.config)[0].name];
  auto rowsOfOthers = a.values.begin() + 11 * a.columns();
  EXPECT_TRUE(std::equal(rowsOfOthers, a.values.end(), b.values.begin() + 11 * b.columns()));
  EXPECT_NE(a.values, b.values) << "the changed document has other gradients";
}

TEST_P(CompiledInvariance, NoTargetsAddExactlyZero) {
  Columns none;
  for (int i : {2, 0})
    none.append(sequences[i], 1, [](size_t) { return false; });
  compiled.zeroGradients();
  EXPECT_EQ(compiled.run("train", none)["loss"].values[0], 0);
  for (const auto &[name, gradient] : compiled.gradients())
    for (double value : gradient.values)
      ASSERT_EQ(value, 0) << name;
  StepResult before = step({{0, 1, 2, 3, 4}});
  compiled.run("train", none);
  for (const auto &[name, gradient] : compiled.gradients())
    EXPECT_EQ(gradient.values, before.gradients[name].values) << name;
}

INSTANTIATE_TEST_SUITE_P(Every, CompiledInvariance, ::testing::ValuesIn(cases()),
                         [](const auto &info) { return info.param.name; });

} // namespace
