//===- WriteModelTest.cpp - what is written is what is read ---------------===//
//
// Models go out and come back through the readers, whose own tests use files we did
// not write; stories260K exists in both formats and must become either one.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/WriteModel.h"
#include "runtime/data/FileError.h"
#include "runtime/model/Blend.h"
#include "runtime/model/FreshWeights.h"
#include "runtime/model/Safetensors.h"
#include "runtime/model/WriteConfig.h"
#include "tests/Paths.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace roux;
using namespace roux::model;
namespace fs = std::filesystem;

namespace {

class WriteModelTest : public testing::Test {
protected:
  void SetUp() override {
    folder = fs::temp_directory_path() /
             fmt::format("roux-write-{}-{}", getpid(),
                         testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }
  fs::path folder;
};

ModelConfig tinyLlama() {
  return parseConfig(R"({"model_type": "llama", "hidden_size": 16, "intermediate_size": 24,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 32,
    "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "bos_token_id": 1, "eos_token_id": [2, 3]})",
                     "tiny");
}

Model tiny(uint64_t seed = 7) {
  ModelConfig config = tinyLlama();
  return {config, freshWeights(config, 0.02, data::SeedTree(seed))};
}

std::string bytesOf(const fs::path &file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

void expectEqual(const Weights &a, const Weights &b) {
  ASSERT_EQ(a.all().size(), b.all().size());
  for (const auto &[name, tensor] : a.all()) {
    const Tensor *other = b.find(name);
    ASSERT_TRUE(other) << name;
    EXPECT_EQ(tensor.shape, other->shape) << name;
    EXPECT_TRUE(std::ranges::equal(tensor.bytes, other->bytes)) << name;
  }
}

} // namespace

TEST_F(WriteModelTest, FolderComesBack) {
  Model model = tiny();
  writeModelFolder(folder / "out", model, {});
  Model back = openModel(folder / "out");
  expectEqual(model.weights, back.weights);
  EXPECT_EQ(configText(model.config, DataType::F32), configText(back.config, DataType::F32));
  EXPECT_EQ(back.config.endTokens, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(bytesOf(folder / "out" / "generation_config.json"),
            "{\n  \"bos_token_id\": 1,\n  \"eos_token_id\": [2, 3]\n}\n");
}

// How a base's answers were drawn is said again for whoever loads what was made of it.
TEST_F(WriteModelTest, SaysHowAnswersAreDrawn) {
  writeModelFolder(folder / "base", tiny(), {});
  std::ofstream(folder / "base" / "generation_config.json")
      << R"({"temperature": 0.6, "top_k": 20, "top_p": 0.95, "do_sample": true, "min_p": null})";
  writeModelFolder(folder / "out", openModel(folder / "base"), {});
  EXPECT_EQ(bytesOf(folder / "out" / "generation_config.json"),
            "{\n  \"bos_token_id\": 1,\n  \"eos_token_id\": [2, 3],\n"
            "  \"do_sample\": true,\n  \"temperature\": 0.6,\n  \"top_k\": 20,\n"
            "  \"top_p\": 0.95\n}\n");
  std::ofstream(folder / "base" / "generation_config.json") << R"({"temperature": "hot"})";
  try {
    openModel(folder / "base");
    FAIL();
  } catch (const ModelError &error) {
    EXPECT_EQ(error.what(), (folder / "base" / "generation_config.json").string() +
                                ": temperature: found \"hot\", expected a number, true or false");
  }
}

TEST_F(WriteModelTest, ShardsComeBack) {
  Model model = tiny();
  writeModelFolder(folder / "out", model, {}, 4096);
  EXPECT_TRUE(fs::exists(folder / "out" / "model.safetensors.index.json"));
  EXPECT_FALSE(fs::exists(folder / "out" / "model.safetensors"));
  expectEqual(model.weights, openModel(folder / "out").weights);
}

TEST_F(WriteModelTest, EveryScalingComesBack) {
  for (
      const char *scaling :
      {"null", R"({"rope_type": "linear", "factor": 4})",
       R"({"rope_type": "dynamic", "factor": 2})",
       R"({"rope_type": "yarn", "factor": 8, "beta_fast": 16, "original_max_position_embeddings": 8})",
       R"({"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4,
            "original_max_position_embeddings": 32})"}) {
    ModelConfig config = parseConfig(
        fmt::format(R"({{"model_type": "qwen2", "hidden_size": 16, "intermediate_size": 24,
          "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 32, "use_sliding_window": true,
          "sliding_window": 9, "max_window_layers": 0, "max_position_embeddings": 64, "rope_theta": 5e5, "rope_scaling": {}}})",
                    scaling),
        "f");
    std::string text = configText(config, DataType::BF16);
    ModelConfig back = parseConfig(text, "f");
    EXPECT_EQ(text, configText(back, DataType::BF16));
    EXPECT_EQ(back.window, 9);
    EXPECT_EQ(frequencies(config.rotary, 8, 64), frequencies(back.rotary, 8, 64)) << scaling;
  }
}

TEST_F(WriteModelTest, CompanionsGoAlongAndReplaceWhatWasThere) {
  fs::path tokenizer = folder / "tokenizer";
  fs::create_directories(tokenizer);
  std::ofstream(tokenizer / "tokenizer.json") << "{\"a\": 1}";
  std::ofstream(tokenizer / "chat_template.jinja") << "old";
  std::ofstream(tokenizer / "private.txt") << "stays where it is";
  fs::create_directories(folder / "out");
  std::ofstream(folder / "out" / "left.txt") << "from before";

  writeModelFolder(folder / "out", tiny(), {tokenizer, {{"chat_template.jinja", "new"}}});
  EXPECT_EQ(bytesOf(folder / "out" / "tokenizer.json"), "{\"a\": 1}");
  EXPECT_EQ(bytesOf(folder / "out" / "chat_template.jinja"), "new");
  EXPECT_EQ(bytesOf(folder / "out" / "tokenizer_config.json"),
            "{\n  \"tokenizer_class\": \"PreTrainedTokenizerFast\"\n}\n");
  EXPECT_FALSE(fs::exists(folder / "out" / "private.txt"));
  EXPECT_FALSE(fs::exists(folder / "out" / "left.txt"));
  for (const auto &entry : fs::directory_iterator(folder))
    EXPECT_NE(entry.path().extension(), ".tmp");
}

TEST_F(WriteModelTest, RefusesWeightsOfAnotherShape) {
  Model model = tiny();
  model.config.feedForward = 25;
  try {
    writeModelFolder(folder / "out", model, {});
    FAIL();
  } catch (const ModelError &error) {
    EXPECT_STREQ(error.what(), "memory: tensor 'model.layers.0.mlp.gate_proj.weight' has shape "
                               "[24, 16], but tiny says [25, 16]");
  }
  EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST_F(WriteModelTest, RefusesAFolderThatCannotBeMade) {
  std::ofstream(folder / "file") << "x";
  EXPECT_THROW(writeModelFolder(folder / "file" / "out", tiny(), {}), data::FileError);
}

TEST_F(WriteModelTest, ALlama2cCheckpointBecomesAFolder) {
  fs::path stories = fs::path(referenceData()) / "models" / "stories260K";
  if (!fs::exists(stories))
    GTEST_SKIP() << "the reference data is not here";
  Model checkpoint = openModel(stories / "stories260K.bin"), published = openModel(stories);

  writeModelFolder(folder / "out", checkpoint, {});
  expectEqual(published.weights, openModel(folder / "out").weights);
}

TEST_F(WriteModelTest, FreshWeightsFollowTheirDistribution) {
  ModelConfig config = tinyLlama();
  config.vocabulary = 4000;
  Weights weights = freshWeights(config, 0.02, data::SeedTree(1));
  auto deviation = [&](const char *name) {
    const Tensor &tensor = *weights.find(name);
    double square = 0, sum = 0;
    for (int64_t i = 0; i < tensor.elements(); ++i) {
      sum += element(tensor, i);
      square += element(tensor, i) * element(tensor, i);
    }
    EXPECT_NEAR(sum / tensor.elements(), 0, 0.003) << name;
    return std::sqrt(square / tensor.elements());
  };
  EXPECT_NEAR(deviation("model.embed_tokens.weight"), 0.02, 0.0003);
  EXPECT_NEAR(deviation("model.layers.1.mlp.down_proj.weight"), 0.01, 0.001);
  EXPECT_EQ(element(*weights.find("model.norm.weight"), 3), 1);

  // Deeper or not, a tensor that both models have starts the same.
  config.layers = 1;
  Weights shallow = freshWeights(config, 0.02, data::SeedTree(1));
  EXPECT_TRUE(std::ranges::equal(weights.find("model.layers.0.mlp.up_proj.weight")->bytes,
                                 shallow.find("model.layers.0.mlp.up_proj.weight")->bytes));
}

/// Those within the bound are the ones drawn without it.
TEST_F(WriteModelTest, TruncatedWeightsStayWithin) {
  ModelConfig config = tinyLlama();
  config.vocabulary = 4000;
  Weights whole = freshWeights(config, 0.02, data::SeedTree(1));
  Weights cut = freshWeights(config, 0.02, data::SeedTree(1), 1.5);
  const Tensor &before = *whole.find("model.embed_tokens.weight");
  const Tensor &after = *cut.find("model.embed_tokens.weight");
  double square = 0;
  for (int64_t i = 0; i < after.elements(); ++i) {
    double value = element(after, i);
    square += value * value;
    EXPECT_LE(std::fabs(value), 1.5 * 0.02);
    if (std::fabs(element(before, i)) < 1.4999 * 0.02)
      EXPECT_EQ(value, element(before, i));
  }
  // The variance of a normal distribution cut there is 0.5515 of the whole one's.
  EXPECT_NEAR(std::sqrt(square / after.elements()), 0.02 * std::sqrt(0.5515), 0.0003);
}

TEST_F(WriteModelTest, NormalDrawsKeepTheirBits) {
  // From the same algorithm in Python with a logarithm of 60 digits.
  data::SeedTree seed = data::SeedTree(42) / std::string_view("model.norm.weight");
  for (auto [place, expected] :
       std::initializer_list<std::pair<uint64_t, double>>{{0u, -0x1.9a500c22e508ep+0},
                                                          {1u, 0x1.b0301442f705ap+0},
                                                          {2u, -0x1.ff9bad603ca9ap-2},
                                                          {3u, 0x1.51bd2284e5c33p-4},
                                                          {1000000u, 0x1.01ced0e2cb81cp-1}})
    EXPECT_EQ(normalDraw(seed, place), expected);
}

TEST_F(WriteModelTest, BlendIsTheWeightedSum) {
  Model a = tiny(1), b = tiny(2);
  std::vector<BlendPart> parts{{"a", 0.25, a}, {"b", -2, b}};
  Model sum = blend(parts);
  for (const auto &[name, tensor] : sum.weights.all())
    for (int64_t i = 0; i < tensor.elements(); ++i)
      EXPECT_EQ(element(tensor, i), static_cast<float>(0.25 * element(*a.weights.find(name), i) -
                                                       2 * element(*b.weights.find(name), i)));
}

TEST_F(WriteModelTest, BlendRefusesOtherShapes) {
  Model a = tiny(), b = tiny();
  b.config.feedForward = 8;
  std::vector<BlendPart> parts{{"base", 0.5, a}, {"tuned", 0.5, b}};
  try {
    blend(parts);
    FAIL();
  } catch (const ModelError &error) {
    EXPECT_STREQ(error.what(), "models 'base' and 'tuned' cannot be added: one has "
                               "'model.layers.{layer}.mlp.gate_proj.weight' [24, 16], the other "
                               "'model.layers.{layer}.mlp.gate_proj.weight' [8, 16]");
  }
}
