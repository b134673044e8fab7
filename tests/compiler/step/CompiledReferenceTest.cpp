//===- CompiledReferenceTest.cpp - compiled models and numpy's numbers ----===//
//
// The models of the reference data through every stage to f32 code, against what
// a program that shares nothing with this one computed.
//
//===----------------------------------------------------------------------===//
#include "tests/Paths.h"
#include "tests/compiler/step/CompiledModel.h"
#include "tests/compiler/step/Expected.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

using namespace roux;
using namespace roux::step;
using namespace roux::step::reference;

namespace {

class CompiledReference : public ::testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    folder = std::filesystem::path(referenceData()) / "models" / GetParam();
    if (!std::filesystem::exists(folder))
      GTEST_SKIP() << "no reference data at " << folder;
    expected = readExpected(folder);
    columns = wholeSequence(expected);
    compiled = compiledOnce(folder);
    compiled->zeroGradients();
  }
  /// The tests of one model share its code.
  static CompiledModel *compiledOnce(const std::filesystem::path &folder) {
    static std::map<std::string, std::unique_ptr<CompiledModel>> known;
    std::unique_ptr<CompiledModel> &made = known[folder];
    if (!made) {
      model::Model model = model::openModel(folder);
      made = std::make_unique<CompiledModel>(model.config, parametersOf(model), StreamType::F32, 2);
    }
    return made.get();
  }
  std::filesystem::path folder;
  Expected expected;
  Columns columns;
  CompiledModel *compiled = nullptr;
};

TEST_P(CompiledReference, LogitsMatch) {
  Array logits = compiled->run("logits", columns)["logits"];
  ASSERT_EQ(logits.values.size(), expected.logits.size());
  double largest = 0, error = 0;
  for (size_t i = 0; i < logits.values.size(); ++i) {
    largest = std::max(largest, std::fabs(double(expected.logits[i])));
    error = std::max(error, std::fabs(logits.values[i] - expected.logits[i]));
  }
  EXPECT_LE(error, 2e-5 * largest);
  std::printf("largest logit error: %.3g of the largest logit\n", error / largest);
}

TEST_P(CompiledReference, LikelihoodsMatch) {
  for (const char *entry : {"nll", "train"}) {
    Array nll = compiled->run(entry, columns)["nll"];
    double worst = 0;
    for (size_t i = 0; i < expected.nll.size(); ++i)
      worst = std::max(worst, std::fabs(nll.values[i] - expected.nll[i]));
    EXPECT_LE(worst, 1e-5) << entry;
    std::printf("largest error of a token's nll in %s: %.3g\n", entry, worst);
  }
}

TEST_P(CompiledReference, GradientsMatch) {
  double largest = 0, farthest = 0;
  for (const SampledGradient &sample : expected.gradients)
    largest = std::max(largest, std::fabs(sample.value));
  compiled->run("train", columns);
  Parameters gradients = compiled->gradients();
  int64_t layers = model::openModel(folder).config.layers;
  for (const SampledGradient &sample : expected.gradients) {
    double found = lookUp(gradients, sample.tensor, sample.index, layers);
    double allowed = 1e-4 * std::fabs(sample.value) + 1e-6 * largest;
    EXPECT_NEAR(found, sample.value, allowed) << sample.tensor;
    farthest = std::max(farthest, std::fabs(found - sample.value) / allowed);
  }
  std::printf("largest error of a sampled gradient: %.3g of what is allowed\n", farthest);
}

INSTANTIATE_TEST_SUITE_P(Every, CompiledReference,
                         ::testing::Values("stories260K", "tiny-random-gpt2"),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::erase(name, '-');
                           return name;
                         });

/// Each token is the largest logit after all tokens before it, computed anew.
TEST(CompiledStories260K, GreedyIdsMatch) {
  std::filesystem::path folder = std::filesystem::path(referenceData()) / "models/stories260K";
  if (!std::filesystem::exists(folder))
    GTEST_SKIP() << "no reference data at " << folder;
  simdjson::dom::parser parser;
  std::vector<int64_t> expected;
  simdjson::dom::element list = parser.load((folder / "expected_greedy_ids.json").string()).value();
  for (int64_t id : list.get_array().value())
    expected.push_back(id);
  ASSERT_GE(expected.size(), 200u);
  model::Model model = model::openModel(folder);
  CompiledModel compiled(model.config, parametersOf(model), StreamType::F32, 2);
  std::vector<int64_t> ids = {expected.front()};
  while (ids.size() < expected.size()) {
    Columns columns;
    ids.push_back(0); // an input is what has a next token
    columns.append(ids, 1);
    Array logits = compiled.run("logits", columns)["logits"];
    auto last = logits.values.end() - logits.columns();
    ids.back() = std::max_element(last, logits.values.end()) - last;
  }
  EXPECT_EQ(ids, expected);
}

} // namespace
