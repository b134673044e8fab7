//===- GgufTest.cpp - GGUF files that are right and files that lie --------===//
//
// Files written here byte by byte, as the programs that make them do: a Llama's query
// and key with the channels that turn together as neighbours, the other families as
// they are.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/Gguf.h"
#include "runtime/model/FreshWeights.h"
#include "runtime/model/Model.h"
#include "runtime/model/RotaryStyle.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <cstring>
#include <filesystem>
#include <fstream>

using namespace roux::model;

namespace {

template <typename T>
std::string raw(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
std::string text(const std::string &value) {
  return raw(uint64_t(value.size())) + value;
}
std::string key(const std::string &name, uint32_t value) {
  return text(name) + raw(uint32_t(4)) + raw(value);
}
std::string key(const std::string &name, float value) {
  return text(name) + raw(uint32_t(6)) + raw(value);
}
std::string key(const std::string &name, const std::string &value) {
  return text(name) + raw(uint32_t(8)) + text(value);
}
/// A vocabulary, of which only the length matters here.
std::string list(const std::string &name, std::vector<std::string> values) {
  std::string bytes =
      text(name) + raw(uint32_t(9)) + raw(uint32_t(8)) + raw(uint64_t(values.size()));
  for (const std::string &value : values)
    bytes += text(value);
  return bytes;
}

struct Named {
  std::string name;
  std::vector<int64_t> shape;
  uint32_t type;
  std::string bytes;
};

struct File {
  std::vector<std::string> keys;
  std::vector<Named> tensors;

  std::string bytes(uint32_t version = 3) const {
    std::string out =
        "GGUF" + raw(version) + raw(uint64_t(tensors.size())) + raw(uint64_t(keys.size()));
    for (const std::string &each : keys)
      out += each;
    uint64_t at = 0;
    for (const Named &tensor : tensors) {
      out += text(tensor.name) + raw(uint32_t(tensor.shape.size()));
      for (auto length = tensor.shape.rbegin(); length != tensor.shape.rend(); ++length)
        out += raw(uint64_t(*length));
      out += raw(tensor.type) + raw(at);
      at += (tensor.bytes.size() + 31) / 32 * 32;
    }
    out.resize((out.size() + 31) / 32 * 32);
    for (const Named &tensor : tensors) {
      out += tensor.bytes;
      out.resize((out.size() + 31) / 32 * 32);
    }
    return out;
  }
};

std::filesystem::path written(const std::string &bytes) {
  std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
  std::ranges::replace(name, '/', '-');
  std::filesystem::path path = std::filesystem::path(testing::TempDir()) / (name + ".gguf");
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

std::span<const std::byte> spanOf(const std::string &bytes) {
  return std::as_bytes(std::span(bytes.data(), bytes.size()));
}

ModelConfig smallConfig(const std::string &type) {
  return parseConfig(R"({"model_type": ")" + type +
                         R"(", "hidden_size": 16, "intermediate_size": 24,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 4, "vocab_size": 11,
    "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 5000.0,
    "tie_word_embeddings": false})",
                     "config.json");
}

std::vector<std::string> keysOf(const std::string &family) {
  std::string prefix = family + ".";
  return {key("general.architecture", family),
          key("general.name", std::string("small")),
          key(prefix + "embedding_length", 16u),
          key(prefix + "feed_forward_length", 24u),
          key(prefix + "block_count", 2u),
          key(prefix + "attention.head_count", 4u),
          key(prefix + "attention.head_count_kv", 2u),
          key(prefix + "context_length", 64u),
          key(prefix + "attention.layer_norm_rms_epsilon", 1e-5f),
          key(prefix + "rope.freq_base", 5000.0f),
          key(prefix + "rope.dimension_count", 4u),
          list("tokenizer.ggml.tokens", {"a", "b", "c"})};
}

const std::pair<const char *, const char *> names[] = {{"model.embed_tokens", "token_embd"},
                                                       {"input_layernorm", "attn_norm"},
                                                       {"self_attn.q_proj", "attn_q"},
                                                       {"self_attn.k_proj", "attn_k"},
                                                       {"self_attn.v_proj", "attn_v"},
                                                       {"self_attn.o_proj", "attn_output"},
                                                       {"post_attention_layernorm", "ffn_norm"},
                                                       {"mlp.gate_proj", "ffn_gate"},
                                                       {"mlp.up_proj", "ffn_up"},
                                                       {"mlp.down_proj", "ffn_down"},
                                                       {"model.norm", "output_norm"},
                                                       {"lm_head", "output"},
                                                       {"model.layers", "blk"},
                                                       {"self_attn.q_norm", "attn_q_norm"},
                                                       {"self_attn.k_norm", "attn_k_norm"}};

std::string ggufName(std::string name) {
  for (auto [theirs, ours] : names)
    if (size_t at = name.find(theirs); at != name.npos)
      name.replace(at, std::strlen(theirs), ours);
  return name;
}

/// Rows of heads of `head` rows so that i and i + head / 2 become neighbours.
std::vector<float> neighbours(const std::vector<float> &values, int64_t rows, int64_t head) {
  std::vector<float> out(values.size());
  int64_t columns = static_cast<int64_t>(values.size()) / rows;
  for (int64_t h = 0; h < rows / head; ++h)
    for (int64_t i = 0; i < head / 2; ++i)
      for (int64_t j = 0; j < 2; ++j)
        std::copy_n(&values[(h * head + j * head / 2 + i) * columns], columns,
                    &out[(h * head + 2 * i + j) * columns]);
  return out;
}

std::vector<float> valuesOf(const Tensor &tensor) {
  std::vector<float> values(tensor.elements());
  read<float>(tensor, values);
  return values;
}

std::string bytesOf(const std::vector<float> &values) {
  return {reinterpret_cast<const char *>(values.data()), values.size() * 4};
}

File fileOf(const ModelConfig &config, const Weights &weights, const std::string &family) {
  File file{keysOf(family), {}};
  for (const auto &[name, tensor] : weights.all()) {
    std::vector<float> values = valuesOf(tensor);
    bool turns = name.find("q_proj") != name.npos || name.find("k_proj") != name.npos;
    if (family == "llama" && turns)
      values = neighbours(values, tensor.shape[0], config.headChannels);
    file.tensors.push_back({ggufName(name), tensor.shape, 0, bytesOf(values)});
  }
  return file;
}

class Family : public testing::TestWithParam<const char *> {};

TEST_P(Family, IsTheModelThatItWasMadeOf) {
  ModelConfig expected = smallConfig(GetParam());
  Weights weights = freshWeights(expected, 0.5, roux::data::SeedTree(3));
  std::filesystem::path path = written(fileOf(expected, weights, GetParam()).bytes());
  Model model = openModel(path);
  EXPECT_EQ(model.config.type, GetParam());
  EXPECT_EQ(model.config.headChannels, 4);
  EXPECT_EQ(model.config.rotary.base, 5000);
  EXPECT_FLOAT_EQ(model.config.epsilon, 1e-5);
  EXPECT_FALSE(model.config.tied);
  Weights found = withRotaryStyle(model.config, model.weights, Rotary::Style::Half);
  ASSERT_EQ(found.all().size(), weights.all().size());
  for (const auto &[name, tensor] : weights.all()) {
    ASSERT_TRUE(found.find(name)) << name;
    EXPECT_EQ(found.find(name)->shape, tensor.shape) << name;
    EXPECT_EQ(valuesOf(*found.find(name)), valuesOf(tensor)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Family, testing::Values("llama", "qwen2", "qwen3"));

/// A tensor in each type that is read; 64 columns, two blocks of q8_0.
TEST(Gguf, TypesAreWhatTheyStandFor) {
  ModelConfig config = smallConfig("llama");
  Weights weights = freshWeights(config, 0.5, roux::data::SeedTree(3));
  File file = fileOf(config, weights, "llama");
  auto tensor = [&](const char *name) -> Named & {
    return *std::ranges::find(file.tensors, name, &Named::name);
  };
  Named &half = tensor("output_norm.weight");
  half.type = 1, half.bytes.clear();
  for (int i = 0; i < 16; ++i)
    half.bytes += raw(uint16_t(0x3c00 + i)); // one and a little
  Named &brain = tensor("blk.0.attn_norm.weight");
  brain.type = 30, brain.bytes.clear();
  for (int i = 0; i < 16; ++i)
    brain.bytes += raw(uint16_t(0x4000 + i)); // two and a little
  file.keys[2] = key("llama.embedding_length", 16u);
  Model model = openModel(written(file.bytes()));
  EXPECT_EQ(valuesOf(*model.weights.find("model.norm.weight"))[3], 1 + 3.0f / 1024);
  EXPECT_EQ(valuesOf(*model.weights.find("model.layers.0.input_layernorm.weight"))[2],
            2 + 2 * 2.0f / 128);
}

TEST(Gguf, BlocksAreScaledIntegers) {
  ModelConfig config = smallConfig("llama");
  File file = fileOf(config, freshWeights(config, 0.5, roux::data::SeedTree(3)), "llama");
  // A feed-forward of 32: its rows are whole blocks.
  file.keys[3] = key("llama.feed_forward_length", 32u);
  for (Named &tensor : file.tensors) {
    if (tensor.name.find("ffn_gate") != std::string::npos ||
        tensor.name.find("ffn_up") != std::string::npos)
      tensor.shape = {32, 16}, tensor.bytes = std::string(32 * 16 * 4, '\0');
    if (tensor.name.find("ffn_down") == std::string::npos)
      continue;
    tensor.shape = {16, 32}, tensor.type = 8, tensor.bytes.clear();
    for (int row = 0; row < 16; ++row) {
      tensor.bytes += raw(uint16_t(0x3800)); // a half
      for (int i = 0; i < 32; ++i)
        tensor.bytes += raw(int8_t(i - 2 * row));
    }
  }
  Model model = openModel(written(file.bytes()));
  std::vector<float> down = valuesOf(*model.weights.find("model.layers.1.mlp.down_proj.weight"));
  EXPECT_EQ(down[0], 0);
  EXPECT_EQ(down[5 * 32 + 1], 0.5f * (1 - 10));
  EXPECT_EQ(down[15 * 32 + 31], 0.5f * (31 - 30));
}

/// What Llama 3.1's files have instead of the numbers that the factors come from.
TEST(Gguf, RotaryFactorsAreFollowed) {
  ModelConfig config = smallConfig("llama");
  File file = fileOf(config, freshWeights(config, 0.5, roux::data::SeedTree(3)), "llama");
  file.tensors.push_back({"rope_freqs.weight", {2}, 0, bytesOf({1, 8})});
  Model model = openModel(written(file.bytes()));
  std::vector<double> whole = frequencies(config.rotary, 4, 64);
  std::vector<double> found = frequencies(model.config.rotary, 4, 64);
  EXPECT_DOUBLE_EQ(found[0], whole[0]);
  EXPECT_DOUBLE_EQ(found[1], whole[1] / 8);
  EXPECT_EQ(model.config.rotary.attentionFactor, 1);
}

struct Lie {
  const char *name;
  void (*tell)(File &file);
  const char *message;
};
const Lie lies[] = {
    {"another_architecture",
     [](File &f) { f.keys[0] = key("general.architecture", std::string("mamba")); },
     "f: 'general.architecture' is 'mamba', expected one of llama, qwen2, qwen3"},
    {"a_key_that_changes_the_model",
     [](File &f) { f.keys.push_back(key("llama.expert_count", 8u)); },
     "f: key 'llama.expert_count' is not known, and may change what the model computes"},
    {"a_part_of_a_head", [](File &f) { f.keys[10] = key("llama.rope.dimension_count", 2u); },
     "f: key 'llama.rope.dimension_count' is 2 where a head has 4 channels; only the whole of a "
     "head is read"},
    {"another_scaling",
     [](File &f) { f.keys.push_back(key("llama.rope.scaling.type", std::string("spiral"))); },
     "f: key 'llama.rope.scaling.type' is 'spiral', expected none, linear or yarn"},
    {"scaled_by_nothing",
     [](File &f) { f.keys.push_back(key("llama.rope.scaling.type", std::string("linear"))); },
     "f: has no key 'llama.rope.scaling.factor', which 'linear' needs"},
    {"twice", [](File &f) { f.keys.push_back(f.keys[2]); },
     "f: key 'llama.embedding_length' is there twice"},
    {"a_list_for_a_number",
     [](File &f) { f.keys[5] = list("llama.attention.head_count", {"4", "4"}); },
     "f: key 'llama.attention.head_count' is no number: layers that differ are not read"},
    {"a_part", [](File &f) { f.keys.push_back(key("split.count", 3u)); },
     "f: is a part of several files; join them first (llama-gguf-split --merge)"},
    {"another_type", [](File &f) { f.tensors[0].type = 12; },
     "' has ggml's type 12, expected one of f32, f16, q8_0, bf16"},
    {"no_whole_blocks", [](File &f) { f.tensors[0].type = 8; },
     "which q8_0 stores in blocks of 32"},
    {"longer_than_the_file", [](File &f) { f.tensors.back().shape[0] = 1 << 20; },
     "is longer than what is left"},
    {"no_embedding",
     [](File &f) {
       std::erase_if(f.tensors, [](const Named &t) { return t.name == "token_embd.weight"; });
     },
     "f: has no tensor 'token_embd.weight'"},
    {"alignment_of_three", [](File &f) { f.keys.push_back(key("general.alignment", 3u)); },
     "f: 'general.alignment' is 3, expected a power of two"},
};

TEST(Gguf, LiesAreRefusedByName) {
  ModelConfig config = smallConfig("llama");
  Weights weights = freshWeights(config, 0.5, roux::data::SeedTree(3));
  for (const Lie &lie : lies) {
    File file = fileOf(config, weights, "llama");
    lie.tell(file);
    std::string bytes = file.bytes();
    try {
      parseGguf(spanOf(bytes), "f");
      ADD_FAILURE() << lie.name << " was believed";
    } catch (const ModelError &error) {
      EXPECT_NE(std::string(error.what()).find(lie.message), std::string::npos)
          << lie.name << ": " << error.what();
    }
  }
}

/// However much of it there is, a file that ends too soon is said to.
TEST(Gguf, EveryTruncationIsRefused) {
  ModelConfig config = smallConfig("llama");
  std::string bytes =
      fileOf(config, freshWeights(config, 0.5, roux::data::SeedTree(3)), "llama").bytes();
  for (size_t length = 0; length + 32 < bytes.size(); length += length < 2000 ? 1 : 97)
    EXPECT_THROW(parseGguf(spanOf(bytes).first(length), "f"), ModelError) << length;
}

TEST(Gguf, ATensorWithoutAPlaceIsRefused) {
  ModelConfig config = smallConfig("llama");
  File file = fileOf(config, freshWeights(config, 0.5, roux::data::SeedTree(3)), "llama");
  file.tensors.push_back({"blk.0.attn_sinks.weight", {4}, 0, bytesOf({1, 2, 3, 4})});
  EXPECT_THROW(openModel(written(file.bytes())), ModelError);
}

TEST(Gguf, OtherVersionsAreRefused) {
  ModelConfig config = smallConfig("llama");
  File file = fileOf(config, freshWeights(config, 0.5, roux::data::SeedTree(3)), "llama");
  EXPECT_NO_THROW(parseGguf(spanOf(file.bytes(2)), "f"));
  std::string first = file.bytes(1);
  EXPECT_THROW(parseGguf(spanOf(first), "f"), ModelError);
}

} // namespace
