//===- ReferenceModelTest.cpp - imported models against numpy's numbers ---===//
//
// The models of the reference data, whose logits, likelihoods and gradients
// were computed by a program that shares nothing with this one.
//
//===----------------------------------------------------------------------===//
#include "tests/Paths.h"
#include "tests/compiler/step/Expected.h"
#include "tests/compiler/step/FamilyReference.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>

using namespace roux;
using namespace roux::step::reference;

namespace {

class ReferenceModel : public ::testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    folder = std::filesystem::path(referenceData()) / "models" / GetParam();
    if (!std::filesystem::exists(folder))
      GTEST_SKIP() << "no reference data at " << folder;
  }
  Expected expected() const { return readExpected(folder); }
  std::filesystem::path folder;
};

TEST_P(ReferenceModel, LogitsMatch) {
  model::Model model = model::openModel(folder);
  Expected reference = expected();
  ModelRunner runner(model.config, parametersOf(model));
  Array logits = runner.run("logits", wholeSequence(reference))[0];
  ASSERT_EQ(logits.values.size(), reference.logits.size());
  double largest = 0, error = 0;
  for (size_t i = 0; i < logits.values.size(); ++i) {
    largest = std::max(largest, std::fabs(double(reference.logits[i])));
    error = std::max(error, std::fabs(logits.values[i] - reference.logits[i]));
  }
  RecordProperty("error", std::to_string(error / largest));
  EXPECT_LE(error, 2e-5 * largest);
}

TEST_P(ReferenceModel, LikelihoodsMatch) {
  model::Model model = model::openModel(folder);
  Expected reference = expected();
  ModelRunner runner(model.config, parametersOf(model));
  for (const char *entry : {"nll", "train"}) {
    Array nll = runner.run(entry, wholeSequence(reference))[entry == std::string("train") ? 1 : 0];
    for (size_t i = 0; i < reference.nll.size(); ++i)
      EXPECT_NEAR(nll.values[i], reference.nll[i], 1e-5) << entry << " at " << i;
    EXPECT_EQ(nll.values.back(), 0) << "the last token has no label";
  }
}

TEST_P(ReferenceModel, GradientsMatch) {
  model::Model model = model::openModel(folder);
  Expected reference = expected();
  double largest = 0;
  for (const SampledGradient &sample : reference.gradients)
    largest = std::max(largest, std::fabs(sample.value));
  for (step::Activations activations : {step::Activations::recompute, step::Activations::save}) {
    ModelRunner runner(model.config, parametersOf(model), nullptr, activations);
    Parameters gradients = runner.gradients(wholeSequence(reference));
    for (const SampledGradient &sample : reference.gradients)
      EXPECT_NEAR(lookUp(gradients, sample.tensor, sample.index, model.config.layers), sample.value,
                  1e-4 * std::fabs(sample.value) + 1e-6 * largest)
          << sample.tensor;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, ReferenceModel,
                         ::testing::Values("stories260K", "tiny-random-gpt2"),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::erase(name, '-');
                           return name;
                         });

/// What step IR means, in f64, of the models of all families: to the digits that were written.
class FamilyMeaning : public ::testing::TestWithParam<std::string> {};

TEST_P(FamilyMeaning, IsWhatTransformersComputes) {
  std::filesystem::path folder = roux::reference::familyFolder(GetParam());
  model::Model model = model::openModel(folder);
  auto reference = roux::reference::readFamilyReference(folder / "reference.json");
  const auto &sequence = reference.sequences[reference.differentiated];
  Columns columns;
  columns.append({sequence.tokens.begin(), sequence.tokens.end()},
                 1.0 / double(sequence.nll.size()));
  ModelRunner runner(model.config, parametersOf(model));
  Array nll = runner.run("nll", columns)[0];
  for (size_t i = 0; i < sequence.nll.size(); ++i)
    EXPECT_NEAR(nll.values[i], sequence.nll[i], 1e-9 * sequence.nll[i] + 1e-9) << i;
  Parameters gradients = runner.gradients(columns);
  for (const auto &[name, tensor] : reference.gradients)
    for (const auto &sample : tensor.samples) {
      double found = lookUp(gradients, name, sample.index, model.config.layers);
      if (std::isnan(found)) // files without the head's module leave its name out
        found = lookUp(gradients, "transformer." + name, sample.index, model.config.layers);
      EXPECT_NEAR(found, sample.value, 1e-9 * tensor.length + 1e-12) << name;
    }
}

INSTANTIATE_TEST_SUITE_P(Every, FamilyMeaning, ::testing::ValuesIn(roux::reference::familyNames()),
                         [](const auto &info) {
                           std::string name = info.param.substr(info.param.find('/') + 1);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FamilyMeaning);

/// Greedy decoding is right at every step if each token of its output is the largest logit after
/// the ones before it.
TEST(Stories260K, GreedyIdsMatch) {
  std::filesystem::path folder = std::filesystem::path(referenceData()) / "models/stories260K";
  if (!std::filesystem::exists(folder))
    GTEST_SKIP() << "no reference data at " << folder;
  simdjson::dom::parser parser;
  std::vector<int64_t> ids;
  simdjson::dom::element list = parser.load((folder / "expected_greedy_ids.json").string()).value();
  for (int64_t id : list.get_array().value())
    ids.push_back(id);
  ASSERT_GE(ids.size(), 200u);
  model::Model model = model::openModel(folder);
  ModelRunner runner(model.config, parametersOf(model));
  Columns columns;
  columns.append(ids, 1);
  Array logits = runner.run("logits", columns)[0];
  for (int64_t t = 0; t < logits.rows(); ++t) {
    auto row = logits.values.begin() + t * logits.columns();
    EXPECT_EQ(std::max_element(row, row + logits.columns()) - row, ids[t + 1]) << "token " << t + 1;
  }
}

/// The .bin file holds the same model with its rotary pairs interleaved.
TEST(Stories260K, BothFormatsAreOneModel) {
  std::filesystem::path folder = std::filesystem::path(referenceData()) / "models/stories260K";
  if (!std::filesystem::exists(folder))
    GTEST_SKIP() << "no reference data at " << folder;
  Columns columns;
  columns.append({1, 403, 407, 261, 378, 432, 383, 286, 261, 376}, 1);
  std::vector<Array> logits;
  for (const std::filesystem::path &path : {folder, folder / "stories260K.bin"}) {
    model::Model model = model::openModel(path);
    ModelRunner runner(model.config, parametersOf(model));
    logits.push_back(runner.run("logits", columns)[0]);
  }
  EXPECT_LT(relativeError(logits[0], logits[1]), 1e-14);
}

} // namespace
