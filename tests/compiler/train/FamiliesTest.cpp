//===- FamiliesTest.cpp - every family against transformers' numbers ------===//
//
// Walks the reference models of all families: tiny, random, with several switches
// each, scored and differentiated by transformers in f64, which has numbers of twelve
// digits. A folder that is added is tested. One program of a type serves all checks of
// a model, for compiling is what takes time.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/CompileStep.h"
#include "runtime/cpu/CPUDevice.h"
#include "runtime/model/SafetensorsWriter.h"
#include "runtime/model/WriteConfig.h"
#include "runtime/model/WriteModel.h"
#include "runtime/train/ModelProgram.h"
#include "tests/Paths.h"
#include "tests/compiler/step/FamilyReference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <numeric>

using namespace roux;
using namespace roux::reference;
using train::ModelProgram;
namespace fs = std::filesystem;

namespace {

/// Sequences one after the other; all but the last token of each are inputs.
struct Stream {
  std::vector<int32_t> tokens, labels, positions, segments{0};
  std::vector<double> nll;

  void add(const ReferenceSequence &sequence) {
    for (size_t i = 0; i + 1 < sequence.tokens.size(); ++i) {
      tokens.push_back(sequence.tokens[i]);
      labels.push_back(sequence.tokens[i + 1]);
      positions.push_back(static_cast<int32_t>(i));
      nll.push_back(sequence.nll[i]);
    }
    segments.push_back(static_cast<int32_t>(tokens.size()));
  }
  train::StreamColumns columns() const { return {tokens, labels, positions, segments}; }
};

/// What may be between ours and theirs.
struct Bounds {
  double mean;     ///< of the mean likelihood, relative
  double token;    ///< of a token's, in nats
  double gradient; ///< relative to its tensor's length
  double rounding; ///< of gradients that are zero in exact numbers, to the largest tensor's length
};
constexpr Bounds single{1e-5, 3e-5, 1e-4, 1e-7}, doubled{1e-9, 1e-9, 1e-9, 1e-11};

class FamiliesTest : public ::testing::TestWithParam<std::string> {
protected:
  void SetUp() override {
    folder = familyFolder(GetParam());
    model = model::openModel(folder);
    expected = readFamilyReference(folder / "reference.json");
  }

  void compile(StepType type, bool generates) {
    StepSource source;
    source.config = model.config;
    source.type = type;
    source.generates = generates;
    source.savesActivations = type == StepType::F64; // either way is somebody's
    std::optional<Program> made = compileStep(source, kernelsOfProcess());
    ASSERT_TRUE(made);
    program = std::make_unique<ModelProgram>(std::move(*made), model.config,
                                             std::make_shared<CPUDevice>(2));
    program->setParameters(model.weights);
  }
  void checkLikelihoods(const Bounds &bounds);
  void checkGradients(const Bounds &bounds);
  void checkGeneration();
  void checkFiles();

  fs::path folder;
  model::Model model;
  FamilyReference expected;
  std::unique_ptr<ModelProgram> program;
};

/// Of all sequences in one stream: each has the likelihoods that it has alone.
void FamiliesTest::checkLikelihoods(const Bounds &bounds) {
  Stream all;
  for (const ReferenceSequence &sequence : expected.sequences)
    all.add(sequence);
  std::vector<double> found = program->nll(all.columns());
  ASSERT_EQ(found.size(), all.nll.size());
  double worst = 0, mean = 0, wanted = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    worst = std::max(worst, std::fabs(found[i] - all.nll[i]));
    mean += found[i] / double(found.size());
    wanted += all.nll[i] / double(found.size());
  }
  EXPECT_LE(std::fabs(mean - wanted), bounds.mean * wanted);
  EXPECT_LE(worst, bounds.token);
  RecordProperty("largest_nll_difference", std::to_string(worst));
}

/// Tensor `name` of the model's files among gradients whose layers are stacked, and where in it the
/// layer begins, in bytes.
std::pair<const train::StateTensor *, size_t> find(std::map<std::string, train::StateTensor> &all,
                                                   const std::string &name, int64_t layers) {
  if (auto whole = all.find(name + ".gradient"); whole != all.end())
    return {&whole->second, 0};
  for (int64_t layer = 0; layer < layers; ++layer) {
    std::string number = "." + std::to_string(layer) + ".";
    size_t at = name.find(number);
    if (at == name.npos)
      continue;
    std::string row = std::string(name).replace(at, number.size(), ".{layer}.");
    if (auto stack = all.find(row + ".gradient"); stack != all.end())
      return {&stack->second, stack->second.bytes.size() / layers * layer};
  }
  // Files without the head's module leave its name out.
  if (!name.starts_with("transformer."))
    return find(all, "transformer." + name, layers);
  return {nullptr, 0};
}

/// `count` elements of a gradient from byte `begin`.
std::vector<double> valuesOf(const train::StateTensor &gradient, size_t begin, size_t count) {
  const std::byte *from = gradient.bytes.data() + begin;
  if (gradient.element == "f64") {
    auto *values = reinterpret_cast<const double *>(from);
    return {values, values + count};
  }
  auto *values = reinterpret_cast<const float *>(from);
  return {values, values + count};
}

void FamiliesTest::checkGradients(const Bounds &bounds) {
  Stream one;
  one.add(expected.sequences[expected.differentiated]);
  program->zeroGradients();
  program->addGradient(one.columns());
  double targets = double(one.tokens.size()), largest = 0, worst = 0;
  for (const auto &[name, tensor] : expected.gradients)
    largest = std::max(largest, tensor.length);
  for (const auto &[name, tensor] : expected.gradients) {
    auto [state, begin] = find(program->gradients(), name, model.config.layers);
    ASSERT_TRUE(state) << name;
    std::vector<double> values = valuesOf(*state, begin,
                                          std::accumulate(tensor.shape.begin(), tensor.shape.end(),
                                                          size_t(1), std::multiplies<size_t>()));
    double square = 0;
    for (double value : values)
      square += value * value / (targets * targets);
    double allowed = bounds.gradient * tensor.length + bounds.rounding * largest;
    EXPECT_NEAR(std::sqrt(square), tensor.length, allowed) << name;
    worst = std::max(worst, std::fabs(std::sqrt(square) - tensor.length) / allowed);
    for (const ReferenceGradient::Sample &sample : tensor.samples) {
      size_t at = 0;
      for (size_t i = 0; i < sample.index.size(); ++i)
        at = at * static_cast<size_t>(tensor.shape[i]) + static_cast<size_t>(sample.index[i]);
      EXPECT_NEAR(values[at] / targets, sample.value, allowed) << name;
    }
  }
  RecordProperty("worst_gradient_of_allowed", std::to_string(worst));
}

/// The first tokens at once, the others one at a time, over a cache.
void FamiliesTest::checkGeneration() {
  const ReferenceSequence &sequence = expected.sequences.back();
  int32_t length = static_cast<int32_t>(sequence.tokens.size()), first = length - 9;
  size_t bytes = model.config.layers * length * program->cacheRowBytes();
  std::vector<std::byte> keys(bytes), values(bytes);
  train::CacheBuffers cache{length, keys, values};
  std::vector<float> logits(model.config.vocabulary);
  std::span<const int32_t> tokens = sequence.tokens;
  program->prefill({tokens.first(first), {0, first}, {0}, {0}, {length}}, cache, logits);
  for (int32_t at = first; at < length; ++at)
    program->decode({tokens.subspan(at, 1), {0, 1}, {0}, {at}, {length}}, cache, logits);
  double largest = 0, worst = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    largest = std::max(largest, std::fabs(sequence.lastLogits[i]));
    worst = std::max(worst, std::fabs(logits[i] - sequence.lastLogits[i]));
  }
  EXPECT_LE(worst, 2e-5 * largest);
}

/// What is written is read as the same model, and its config says it in the same words again.
void FamiliesTest::checkFiles() {
  fs::path out = fs::path(testing::TempDir()) / "families" / GetParam();
  fs::remove_all(out);
  fs::create_directories(out.parent_path());
  model::writeModelFolder(out, {model.config, program->trained()}, {}, /*shardBytes=*/20000);
  model::Model back = model::openModel(out);
  EXPECT_EQ(configText(back.config, model::DataType::F32),
            configText(model.config, model::DataType::F32));
  EXPECT_EQ(back.config.kinds.empty() ? std::vector(back.config.layers, back.config.kind(0))
                                      : back.config.kinds,
            model.config.kinds.empty() ? std::vector(model.config.layers, model.config.kind(0))
                                       : model.config.kinds);
  std::vector<model::BoundWeight> ours = bind(model.config, model.weights),
                                  theirs = bind(back.config, back.weights);
  ASSERT_EQ(ours.size(), theirs.size());
  for (size_t row = 0; row < ours.size(); ++row)
    for (size_t layer = 0; layer < ours[row].tensors.size(); ++layer)
      EXPECT_TRUE(
          std::ranges::equal(ours[row].tensors[layer]->bytes, theirs[row].tensors[layer]->bytes))
          << ours[row].row.name;
  fs::remove_all(out);
}

TEST_P(FamiliesTest, IsWhatTransformersComputes) {
  bool generates = !GetParam().starts_with("E/"); // their families are elsewhere, too
  ASSERT_NO_FATAL_FAILURE(compile(StepType::F32, generates));
  checkLikelihoods(single);
  checkGradients(single);
  if (generates)
    checkGeneration();
  checkFiles();
}

/// However many values of a layer its gradient computes again, the layers of a call agree which.
TEST_P(FamiliesTest, LayersKeepTheSameValues) {
  for (int64_t again = 0; again <= 24 && !model.config.kinds.empty(); again += 3) {
    StepSource source;
    source.config = model.config;
    source.savesActivations = true;
    source.again = again;
    EXPECT_TRUE(outlineStep(source)) << again;
  }
}

TEST_P(FamiliesTest, IsTheSameFunctionInDoubles) {
  if (GetParam().starts_with("E/"))
    return;
  ASSERT_NO_FATAL_FAILURE(compile(StepType::F64, false));
  checkLikelihoods(doubled);
  checkGradients(doubled);
}

INSTANTIATE_TEST_SUITE_P(Every, FamiliesTest, ::testing::ValuesIn(familyNames()),
                         [](const auto &info) {
                           std::string name = info.param.substr(info.param.find('/') + 1);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FamiliesTest);

} // namespace
