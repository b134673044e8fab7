//===- AdapterTest.cpp - adapters in and out ------------------------------===//
//
// A folder as PEFT 0.19 writes it is put together by hand here, byte for byte by
// the names that PEFT gives, so that reading is not tested by our own writing.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/Adapter.h"
#include "runtime/data/AtomicFile.h"
#include "runtime/model/FreshWeights.h"
#include "runtime/model/Safetensors.h"
#include "runtime/model/SafetensorsWriter.h"
#include "runtime/model/WriteModel.h"

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

ModelConfig tinyLlama() {
  return parseConfig(R"({"model_type": "llama", "hidden_size": 16, "intermediate_size": 24,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 32,
    "max_position_embeddings": 64, "rms_norm_eps": 1e-5})",
                     "tiny");
}

ModelConfig tinyGpt2() {
  return parseConfig(R"({"model_type": "gpt2", "n_embd": 16, "n_layer": 2, "n_head": 4,
    "vocab_size": 32, "n_positions": 64, "layer_norm_epsilon": 1e-5})",
                     "tiny");
}

ModelConfig adapted(ModelConfig config, std::vector<Role> on, int64_t rank = 2) {
  config.tuning.adapter = Adapter{rank, 3, false, 0, std::move(on)};
  return config;
}

/// What PEFT says of `rank` 2 on q_proj and v_proj, with `more` after it.
std::string peftConfig(const std::string &base, const std::string &more = "") {
  return R"({"alpha_pattern": {}, "auto_mapping": null, "base_model_name_or_path": ")" + base +
         R"(", "bias": "none", "fan_in_fan_out": false, "inference_mode": true,
  "init_lora_weights": true, "layer_replication": null, "layers_pattern": null,
  "layers_to_transform": null, "lora_alpha": 3, "lora_dropout": 0.05, "modules_to_save": null,
  "peft_type": "LORA", "r": 2, "rank_pattern": {}, "revision": null,
  "target_modules": ["v_proj", "q_proj"], "task_type": "CAUSAL_LM", "use_dora": false,
  "use_rslora": false)" +
         more + "}";
}

class AdapterTest : public testing::Test {
protected:
  void SetUp() override {
    folder = fs::temp_directory_path() /
             fmt::format("roux-adapter-{}-{}", getpid(),
                         testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder / "peft");
  }
  void TearDown() override { fs::remove_all(folder); }

  void writePeft(const std::string &config, const Weights &weights) {
    data::writeWhole(folder / "peft/adapter_config.json", config);
    writeSafetensors(folder / "peft/adapter_model.safetensors", weights);
  }
  std::string refusal(const ModelConfig &config = tinyLlama()) {
    try {
      readAdapter(folder / "peft", config);
    } catch (const ModelError &error) {
      std::string text = error.what();
      size_t at = text.find(folder.string());
      return at == text.npos ? text : text.replace(at, folder.string().size() + 1, "");
    }
    return "";
  }

  fs::path folder;
};

/// Query and value of two layers, by PEFT's names; values rise by 1.
Weights peftWeights() {
  Weights weights;
  float next = 0;
  auto add = [&](const std::string &name, int64_t rows, int64_t columns) {
    std::vector<float> values(rows * columns);
    for (float &value : values)
      value = next++ / 64;
    weights.addValues(name, {rows, columns}, std::move(values));
  };
  for (int layer : {0, 1})
    for (auto [module, outputs] : {std::pair("q_proj", 16), std::pair("v_proj", 8)}) {
      std::string name =
          fmt::format("base_model.model.model.layers.{}.self_attn.{}.lora_", layer, module);
      add(name + "A.weight", 2, 16);
      add(name + "B.weight", outputs, 2);
    }
  return weights;
}

} // namespace

TEST(Adapter, ScalesByRank) {
  EXPECT_EQ((Adapter{4, 6, false, 0, {}}.scale()), 1.5);
  EXPECT_EQ((Adapter{4, 6, true, 0, {}}.scale()), 3);
}

TEST(Adapter, BeginsWithNothingAdded) {
  ModelConfig config = adapted(tinyLlama(), {Role::Query, Role::Down}, 8);
  Weights fresh = freshAdapter(config, data::SeedTree(1)),
          again = freshAdapter(config, data::SeedTree(1));
  EXPECT_EQ(fresh.all().size(), 8u);
  double most = 0, sum = 0;
  const Tensor &a = *fresh.find("model.layers.1.mlp.down_proj.lora_A.weight");
  EXPECT_EQ(a.shape, (std::vector<int64_t>{8, 24}));
  for (int64_t i = 0; i < a.elements(); ++i) {
    most = std::max(most, std::abs(element(a, i)));
    sum += element(a, i) * element(a, i);
  }
  double bound = 1 / std::sqrt(24.0);
  EXPECT_LE(most, bound);
  EXPECT_NEAR(sum / a.elements(), bound * bound / 3, bound * bound / 10); // uniform
  for (const auto &[name, tensor] : fresh.all()) {
    EXPECT_TRUE(std::ranges::equal(tensor.bytes, again.find(name)->bytes)) << name;
    for (int64_t i = 0; name.ends_with("lora_B.weight") && i < tensor.elements(); ++i)
      EXPECT_EQ(element(tensor, i), 0) << name;
  }
}

TEST_F(AdapterTest, MergesWhatPeftWrote) {
  writePeft(peftConfig("../base"), peftWeights());
  ModelConfig config = tinyLlama();
  Weights base = freshWeights(config, 0.02, data::SeedTree(7));
  writeModelFolder(folder / "base", {config, base}, {});
  AdapterFiles files = readAdapter(folder / "peft", config);
  EXPECT_EQ(files.adapter.rank, 2);
  EXPECT_EQ(files.adapter.scale(), 1.5);
  EXPECT_EQ(files.adapter.on, (std::vector<Role>{Role::Query, Role::Value}));
  EXPECT_TRUE(isAdapterFolder(folder / "peft"));
  EXPECT_FALSE(isAdapterFolder(folder / "base"));
  Model merged = openModel(folder / "peft");
  Weights stored = peftWeights();
  for (const auto &[name, tensor] : base.all()) {
    std::string module = "base_model.model." + name.substr(0, name.rfind('.'));
    const Tensor *a = stored.find(module + ".lora_A.weight"), *found = merged.weights.find(name);
    ASSERT_TRUE(found) << name;
    if (!a) {
      EXPECT_TRUE(std::ranges::equal(found->bytes, tensor.bytes)) << name;
      continue;
    }
    const Tensor &b = *stored.find(module + ".lora_B.weight");
    for (int64_t o = 0; o < tensor.shape[0]; ++o)
      for (int64_t i = 0; i < 16; ++i) {
        double product =
            element(b, 2 * o) * element(*a, i) + element(b, 2 * o + 1) * element(*a, 16 + i);
        EXPECT_EQ(element(*found, o * 16 + i),
                  static_cast<float>(element(tensor, o * 16 + i) + 1.5 * product))
            << name;
      }
  }
}

/// GPT-2 keeps its matrices the other way round, but not those of an adapter.
TEST_F(AdapterTest, MergesIntoTransposedMatrices) {
  ModelConfig config = adapted(tinyGpt2(), {Role::Up}, 1);
  Weights base = freshWeights(config, 0.02, data::SeedTree(7)), adapter;
  for (int layer : {0, 1}) {
    std::string name = fmt::format("transformer.h.{}.mlp.c_fc.lora_", layer);
    std::vector<float> a(16), b(64);
    a[3] = 2;
    b[50] = 5;
    adapter.addValues(name + "A.weight", {1, 16}, a);
    adapter.addValues(name + "B.weight", {64, 1}, b);
  }
  Weights merged = mergedWeights(config, base, adapter);
  const char *name = "transformer.h.1.mlp.c_fc.weight"; // 16 by 64
  for (int64_t i = 0; i < 16 * 64; ++i)
    EXPECT_EQ(element(*merged.find(name), i),
              static_cast<float>(element(*base.find(name), i) + (i == 3 * 64 + 50 ? 30.0 : 0)));
}

TEST_F(AdapterTest, WritesWhatPeftReads) {
  ModelConfig config = adapted(tinyGpt2(), {Role::Output});
  writeAdapter(folder / "peft", config, freshAdapter(config, data::SeedTree(3)), "/models/gpt2");
  Weights files;
  addSafetensors(folder / "peft/adapter_model.safetensors", files,
                 [](const std::string &) { return true; });
  const Tensor *a = files.find("base_model.model.transformer.h.1.attn.c_proj.lora_A.weight");
  ASSERT_TRUE(a);
  EXPECT_EQ(a->shape, (std::vector<int64_t>{2, 16}));
  EXPECT_EQ(files.all().size(), 4u);
  std::ostringstream text;
  text << std::ifstream(folder / "peft/adapter_config.json").rdbuf();
  // The feed-forward has a c_proj too.
  for (const char *line :
       {R"("peft_type": "LORA",)", R"("task_type": "CAUSAL_LM",)", R"("r": 2,)",
        R"("lora_alpha": 3,)", R"("target_modules": ["attn.c_proj"],)",
        R"("fan_in_fan_out": true,)", R"("base_model_name_or_path": "/models/gpt2",)",
        R"("use_rslora": false,)"})
    EXPECT_NE(text.str().find(line), std::string::npos) << line << text.str();
  EXPECT_EQ(readAdapter(folder / "peft", tinyGpt2()).adapter.on, config.tuning.adapter->on);
}

TEST_F(AdapterTest, RefusesWhatIsNotFollowed) {
  for (auto [more, expected] : {
           std::pair(R"(, "arrow_config": {"a": 1})",
                     "arrow_config: {\"a\":1} is not followed; expected null"),
           std::pair(R"(, "layers_to_transform": [1])", "layers_to_transform"),
       }) {
    writePeft(peftConfig("../base", more), peftWeights());
    EXPECT_NE(refusal().find(expected), std::string::npos) << refusal();
  }
  auto changed = [&](const std::string &from, const std::string &to) {
    std::string text = peftConfig("../base");
    text.replace(text.find(from), from.size(), to);
    writePeft(text, peftWeights());
    return refusal();
  };
  EXPECT_NE(changed(R"("use_dora": false)", R"("use_dora": true)")
                .find("true is not followed; expected false"),
            std::string::npos);
  EXPECT_NE(changed(R"("rank_pattern": {})", R"("rank_pattern": {"q_proj": 4})")
                .find(R"({"q_proj":4} is not followed; expected {})"),
            std::string::npos);
  EXPECT_NE(changed(R"("peft_type": "LORA")", R"("peft_type": "IA3")").find("expected \"LORA\""),
            std::string::npos);
  EXPECT_NE(changed(R"("fan_in_fan_out": false)", R"("fan_in_fan_out": true)")
                .find("expected false for a model of type llama"),
            std::string::npos);
  EXPECT_NE(changed(R"("r": 2)", R"("r": 3)")
                .find("adapter_model.safetensors: tensor "
                      "'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight' has shape "
                      "[2, 16], expected [3, 16]"),
            std::string::npos);
  EXPECT_NE(changed("{\"alpha", "[\"alpha").find("no JSON object"), std::string::npos);
}

TEST_F(AdapterTest, RefusesTensorsThatDoNotFit) {
  Weights strange = peftWeights();
  strange.addValues("base_model.model.model.layers.2.self_attn.q_proj.lora_A.weight", {2, 16},
                    std::vector<float>(32));
  writePeft(peftConfig("../base"), strange);
  EXPECT_EQ(refusal(), "peft/adapter_model.safetensors: tensor "
                       "'base_model.model.model.layers.2.self_attn.q_proj.lora_A.weight' of shape "
                       "[2, 16] has no place in an adapter of the model that tiny describes");
  auto without = [&](const std::string &end) {
    Weights some, all = peftWeights();
    for (const auto &[name, tensor] : all.all())
      if (!name.ends_with(end))
        some.add(name, tensor);
    writePeft(peftConfig("../base"), some);
    return refusal();
  };
  EXPECT_EQ(without("1.self_attn.v_proj.lora_B.weight"),
            "peft/adapter_model.safetensors: has "
            "'model.layers.{layer}.self_attn.v_proj.lora_B.weight' of "
            "1 layers; expected all 2, or none");
  EXPECT_EQ(without("v_proj.lora_B.weight"),
            "peft/adapter_model.safetensors: has one of the two matrices of "
            "'model.layers.{layer}.self_attn.v_proj.lora_B.weight'; expected both");
  EXPECT_EQ(without("weight"), "peft/adapter_model.safetensors: holds no tensor");
}

TEST_F(AdapterTest, RefusesABaseThatIsNotThere) {
  writePeft(peftConfig("meta-llama/Llama-2-7b-hf"), peftWeights());
  try {
    openModel(folder / "peft");
    FAIL();
  } catch (const ModelError &error) {
    EXPECT_NE(std::string(error.what())
                  .find("base_model_name_or_path: found 'meta-llama/Llama-2-7b-hf', expected the "
                        "folder of the model that it adapts"),
              std::string::npos)
        << error.what();
  }
}
