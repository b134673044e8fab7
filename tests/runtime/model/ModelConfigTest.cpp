//===- ModelConfigTest.cpp - what configs say and what they must not ------===//
//
// One positive case a family, and the text of every refusal.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/ModelConfig.h"

#include <gtest/gtest.h>

using namespace roux::model;

namespace {

std::string llama(const std::string &more) {
  return R"({"model_type": "llama", "hidden_size": 64, "intermediate_size": 172,
             "num_hidden_layers": 5, "num_attention_heads": 8, "vocab_size": 512,
             "max_position_embeddings": 512)" +
         more + "}";
}

std::string with(std::string text, const std::string &from, const std::string &to) {
  size_t at = text.find(from);
  return text.replace(at, from.size(), to);
}

TEST(ModelConfig, LlamaDefaults) {
  ModelConfig config = parseConfig(llama(""), "config.json");
  EXPECT_EQ(config.keyValueHeads, 8);
  EXPECT_EQ(config.headChannels, 8);
  EXPECT_EQ(config.epsilon, 1e-6);
  EXPECT_EQ(config.rotary.base, 10000);
  EXPECT_FALSE(config.tied);
  EXPECT_EQ(config.window, 0);
}

TEST(ModelConfig, Llama3Scaling) {
  ModelConfig config =
      parseConfig(llama(R"(, "rope_theta": 500000, "num_key_value_heads": 4, "head_dim": null,
      "eos_token_id": [128001, 128009], "rope_scaling": {"rope_type": "llama3", "factor": 8,
      "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 256})"),
                  "config.json");
  EXPECT_EQ(config.rotary.scaling, Rotary::Scaling::Llama3);
  EXPECT_EQ(config.rotary.originalContext, 256);
  EXPECT_EQ(config.endTokens, (std::vector<int64_t>{128001, 128009}));
}

TEST(ModelConfig, NewerFilesSayRopeParameters) {
  ModelConfig config = parseConfig(
      llama(R"(, "rope_parameters": {"rope_type": "yarn", "rope_theta": 1e6, "factor": 4})"), "c");
  EXPECT_EQ(config.rotary.scaling, Rotary::Scaling::Yarn);
  EXPECT_EQ(config.rotary.base, 1e6);
  EXPECT_EQ(config.rotary.originalContext, 512);
  EXPECT_DOUBLE_EQ(config.rotary.attentionFactor, 1.138629436111989);
}

TEST(ModelConfig, MistralWindow) {
  std::string text = with(llama(R"(, "sliding_window": 128)"), "\"llama\"", "\"mistral\"");
  EXPECT_EQ(parseConfig(text, "c").window, 128);
  EXPECT_EQ(parseConfig(llama(R"(, "sliding_window": 128)"), "c").window, 0);
}

TEST(ModelConfig, Qwen) {
  ModelConfig two = parseConfig(with(llama(R"(, "num_key_value_heads": 8, "sliding_window": 128,
      "use_sliding_window": false)"),
                                     "\"llama\"", "\"qwen2\""),
                                "c");
  EXPECT_TRUE(two.queryKeyValueBias);
  EXPECT_FALSE(two.outputBias);
  EXPECT_EQ(two.window, 0);
  ModelConfig three = parseConfig(
      with(llama(R"(, "num_key_value_heads": 8, "head_dim": 16)"), "\"llama\"", "\"qwen3\""), "c");
  EXPECT_EQ(three.headNorms, Blocks::HeadNorms::Each);
  EXPECT_FALSE(three.queryKeyValueBias);
  EXPECT_EQ(three.queryChannels(), 128);
}

TEST(ModelConfig, Gpt2) {
  ModelConfig config =
      parseConfig(R"({"model_type": "gpt2", "n_embd": 32, "n_layer": 5, "n_head": 4,
      "n_positions": 512, "vocab_size": 1000})",
                  "c");
  EXPECT_EQ(config.feedForward, 128);
  EXPECT_TRUE(config.tied);
  EXPECT_EQ(config.activation, Activation::GeluTanh);
}

struct Refusal {
  const char *name;
  std::string text;
  const char *message;
};

const Refusal refusals[] = {
    {"no_json", "{", "c.json: no JSON object: "},
    {"unknown_type", with(llama(""), "\"llama\"", "\"bert\""),
     "c.json: model_type: found 'bert', expected llama, mistral, qwen2, qwen3, gemma2, "
     "gemma3_text, "
     "phi, phi3, olmo2, olmo3, smollm3, granite, glm4, starcoder2, stablelm, cohere, openlm, "
     "gpt2, gpt_neox or "
     "opt"},
    {"missing", with(llama(""), "\"hidden_size\": 64,", ""), "c.json: hidden_size: missing"},
    {"text_for_number", with(llama(""), "\"hidden_size\": 64", "\"hidden_size\": \"64\""),
     "c.json: hidden_size: found \"64\", expected a whole number from 0 to 2147483647"},
    {"negative", with(llama(""), "\"hidden_size\": 64", "\"hidden_size\": -64"),
     "c.json: hidden_size: found -64, expected a whole number from 0 to 2147483647"},
    {"huge", with(llama(""), "\"vocab_size\": 512", "\"vocab_size\": 4294967296"),
     "c.json: vocab_size: found 4294967296, expected a whole number from 0 to 2147483647"},
    {"no_layers", with(llama(""), "\"num_hidden_layers\": 5", "\"num_hidden_layers\": 0"),
     "c.json: the model has 0 layers, expected 1 to 2147483647"},
    {"uneven_groups", llama(R"(, "num_key_value_heads": 3)"),
     "c.json: 8 heads cannot share 3 key-value heads evenly"},
    {"odd_head", llama(R"(, "head_dim": 7)"),
     "c.json: a head has 7 channels, expected an even number: rotary positions turn pairs"},
    {"activation", llama(R"(, "hidden_act": "quick_gelu")"),
     "c.json: hidden_act: found 'quick_gelu', expected silu, gelu, gelu_new, gelu_pytorch_tanh or "
     "relu"},
    {"quantized", llama(R"(, "quantization_config": {"bits": 4})"),
     "c.json: quantization_config: quantized weights are not supported"},
    {"too_few_types",
     with(llama(R"(, "num_key_value_heads": 8, "layer_types": ["full_attention"])"), "\"llama\"",
          "\"qwen2\""),
     "c.json: layer_types: has 1 entries, but there are 5 layers"},
    {"unknown_layer",
     with(llama(R"(, "num_key_value_heads": 8, "layer_types": ["full_attention", "full_attention",
         "full_attention", "full_attention", "linear_attention"])"),
          "\"llama\"", "\"qwen2\""),
     "c.json: layer_types: found 'linear_attention', expected full_attention or sliding_attention"},
    {"longrope", llama(R"(, "rope_scaling": {"type": "longrope", "factor": 2})"),
     "c.json: rope_scaling.short_factor: missing"},
    {"longrope_lists",
     llama(R"(, "rope_scaling": {"type": "longrope", "factor": 2, "short_factor": [1, 2]})"),
     "c.json: rope_scaling.short_factor: has 2 factors, expected one for each of 4 pairs of "
     "channels"},
    {"unknown_scaling", llama(R"(, "rope_scaling": {"type": "axial", "factor": 2})"),
     "c.json: rope_scaling.rope_type: found 'axial', expected default, linear, dynamic, yarn, "
     "llama3 or longrope"},
    {"no_factor", llama(R"(, "rope_scaling": {"type": "linear"})"),
     "c.json: rope_scaling.factor: missing"},
    {"factor_zero", llama(R"(, "rope_scaling": {"type": "linear", "factor": 0})"),
     "c.json: rope_scaling.factor: found 0, expected a number above zero"},
    {"limits_crossed",
     llama(R"(, "rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4,
         "high_freq_factor": 4, "original_max_position_embeddings": 256})"),
     "c.json: rope_scaling.high_freq_factor: 4 should be above low_freq_factor 4"},
    {"partial", llama(R"(, "partial_rotary_factor": 0.5)"),
     "c.json: partial_rotary_factor: only 1 is supported: all channels of a head turn"},
};

class RefusedConfig : public ::testing::TestWithParam<Refusal> {};

TEST_P(RefusedConfig, SaysWhy) {
  try {
    parseConfig(GetParam().text, "c.json");
    FAIL() << "accepted";
  } catch (const ModelError &error) {
    EXPECT_TRUE(std::string_view(error.what()).starts_with(GetParam().message)) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Every, RefusedConfig, ::testing::ValuesIn(refusals),
                         [](const auto &info) { return std::string(info.param.name); });

double baseOf(const std::string &more) {
  return parseConfig(llama(more), "c").rotary.base;
}
std::string refusalOf(const std::string &more) {
  try {
    parseConfig(llama(more), "c");
  } catch (const ModelError &error) {
    return error.what();
  }
  return "accepted";
}

// Wherever a file of the last years states the base, it is used; never the default beside a number.
TEST(ModelConfig, TheBaseIsReadWhereverItStands) {
  EXPECT_EQ(baseOf(R"(, "rope_theta": 5e5, "rope_parameters": {"rope_type": "default"})"), 5e5);
  EXPECT_EQ(baseOf(R"(, "rope_theta": 5e5, "rope_scaling": {"type": "linear", "factor": 2})"), 5e5);
  EXPECT_EQ(baseOf(R"(, "rope_scaling": {"type": "linear", "factor": 2, "rope_theta": 5e5})"), 5e5);
  EXPECT_EQ(baseOf(R"(, "rope_parameters": {"rope_theta": 5e5}, "rope_scaling": null)"), 5e5);
  EXPECT_EQ(baseOf(R"(, "rope_theta": 5e5, "rope_parameters": {"rope_theta": 500000})"), 5e5);
  EXPECT_EQ(refusalOf(R"(, "rope_theta": 5e5, "rope_parameters": {"rope_theta": 1e6})"),
            "c: rope_parameters.rope_theta: found 1000000 here and 500000 outside of it");
  Rotary both = parseConfig(llama(R"(, "rope_theta": 10000, "rope_scaling": {"rope_type": "linear",
      "factor": 4}, "rope_parameters": {"rope_type": "default", "rope_theta": 10000})"),
                            "c")
                    .rotary;
  EXPECT_EQ(both.scaling, Rotary::Scaling::Linear); // as transformers reads it
  Rotary beside = parseConfig(llama(R"(, "original_max_position_embeddings": 64,
      "rope_scaling": {"rope_type": "yarn", "factor": 4})"),
                              "c")
                      .rotary;
  EXPECT_EQ(beside.originalContext, 64);
}

// What stands inside of a block is lost as easily as what stands beside it.
TEST(ModelConfig, ReadsTheBlocksOfRotaryPositionsToTheirLastKey) {
  EXPECT_EQ(parseConfig(llama(R"(, "rope_scaling": {"type": "linear", "factor": 2, "beta_fast": 32,
      "nothing": null}, "rope_parameters": {"rope_type": "linear", "factor": 2.0, "odd": 1})"),
                        "c")
                .unreadKeys,
            (std::vector<std::string>{"rope_scaling.beta_fast", "rope_parameters.odd"}));
  EXPECT_EQ(
      refusalOf(R"(, "rope_scaling": {"rope_type": "default", "mrope_section": [2, 3, 3]})"),
      "c: rope_scaling.mrope_section: found [2,3,3], which changes what the model computes and "
      "is not supported");
  EXPECT_EQ(
      refusalOf(R"(, "rope_parameters": {"full_attention": {"rope_theta": 1e6}})"),
      "c: rope_parameters.full_attention: found {\"rope_theta\":1000000.0}, which changes what "
      "the model computes and is not supported");
  EXPECT_EQ(refusalOf(R"(, "rope_scaling": {"factor": 2})"),
            "c: rope_scaling.rope_type: missing, so nothing says what 'factor' does");
  EXPECT_EQ(refusalOf(R"(, "rope_scaling": {"type": "linear", "rope_type": "yarn", "factor": 2})"),
            "c: rope_scaling.rope_type: found 'yarn' here and 'linear' under 'type'");
  EXPECT_EQ(refusalOf(R"(, "rope_scaling": {"type": "linear", "factor": 2, "factor": 3})"),
            "c: rope_scaling.factor: is given twice");
  EXPECT_EQ(refusalOf(R"(, "rope_scaling": {"type": "linear", "factor": 2},
                           "rope_parameters": {"rope_type": "linear", "factor": 4})"),
            "c: rope_parameters: says other positions than rope_scaling, which is read");
  for (const char *key : {"quantization_config", "compression_config", "quantization"})
    EXPECT_EQ(refusalOf(std::string(", \"") + key + R"(": {"bits": 4})"),
              std::string("c: ") + key + ": quantized weights are not supported");
}

TEST(ModelConfig, LayerTypesRuleOverTheWindow) {
  auto windowed = [](const std::string &more) {
    ModelConfig config = parseConfig(with(llama(R"(, "num_key_value_heads": 8, "sliding_window": 6,
        "use_sliding_window": true)" + more),
                                          "\"llama\"", "\"qwen2\""),
                                     "c");
    EXPECT_EQ(config.window, 6);
    std::string layers;
    for (int64_t layer = 0; layer < config.layers; ++layer)
      layers += config.kind(layer).windowed ? 'w' : '-';
    return layers;
  };
  EXPECT_EQ(windowed(""), "-----"); // transformers' own default begins at layer 28
  EXPECT_EQ(windowed(R"(, "max_window_layers": 0)"), "wwwww");
  EXPECT_EQ(windowed(R"(, "max_window_layers": 3)"), "---ww");
  std::string some = R"(["sliding_attention", "full_attention", "full_attention",
      "sliding_attention", "full_attention"])";
  EXPECT_EQ(windowed(R"(, "max_window_layers": 0, "layer_types": )" + some), "w--w-");
}

/// The smallest config of a family, all of whose other keys are left out.
std::string bare(const std::string &type, const std::string &more) {
  return R"({"model_type": ")" + type + R"(", "hidden_size": 64, "intermediate_size": 96,
    "num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 2,
    "vocab_size": 512, "max_position_embeddings": 512)" +
         more + "}";
}

// What a family has and this one does not follow is refused by the key's name.
TEST(ModelConfig, RefusesWhatIsNotFollowed) {
  struct Feature {
    const char *type, *key, *message;
  };
  const Feature features[] = {
      {"phi", R"("qk_layernorm": true)", "c: qk_layernorm: found true, only false is supported"},
      {"stablelm", R"("qk_layernorm": true)",
       "c: qk_layernorm: found true, only false is "
       "supported"},
      {"gemma2", R"("use_bidirectional_attention": true)",
       "c: use_bidirectional_attention: found true, only false is supported"},
      {"gemma3_text", R"("attn_logit_softcapping": 50.0)",
       "c: attn_logit_softcapping: found 50.0, which changes what the model computes and is not "
       "supported"},
      {"gemma3_text", R"("rope_parameters": {"rope_theta": 1e6})",
       "c: rope_parameters.rope_theta: expected in a block full_attention or sliding_attention"},
      {"phi3", R"("rope_scaling": {"type": "yarn", "factor": 2})",
       "c: rope_scaling.rope_type: found 'yarn', expected default or longrope"},
      {"phi3", R"("attention_bias": true)",
       "c: attention_bias: found true, only false is "
       "supported"},
      {"olmo2", R"("clip_qkv": 8.0)",
       "c: clip_qkv: found 8.0, which changes what the model computes and is not supported"},
      {"starcoder2", R"("norm_type": "rms_norm")",
       "c: norm_type: found \"rms_norm\", only \"layer_norm\" is supported"},
      {"granite", R"("num_local_experts": 4)",
       "c: num_local_experts: found 4, which changes what the model computes and is not supported"},
      {"granite", R"("attention_multiplier": -1)",
       "c: attention_multiplier: found -1, expected a number above zero"},
      {"smollm3", R"("no_rope_layers": [1, 1])",
       "c: no_rope_layers: has 2 entries, but there are 4 layers"},
      {"glm4", R"("partial_rotary_factor": 1.5)",
       "c: partial_rotary_factor: found 1.5, expected a share above 0 and up to 1"},
      {"glm4", R"("partial_rotary_factor": 0.01)",
       "c: the part of a head that turns has 1 channels, expected an even number: rotary positions "
       "turn pairs"},
      {"cohere", R"("use_qk_norm": true)", "c: use_qk_norm: found true, only false is supported"},
      {"cohere", R"("logit_scale": 0)", "c: logit_scale: found 0, expected a number above zero"},
      {"openlm", R"("dim": 64, "n_layers": 2, "n_heads": 4, "norm_type": "default_layer_norm")",
       "c: norm_type: found 'default_layer_norm', expected gain_only_lp_layer_norm, "
       "gain_only_layer_norm or rms_norm"},
      {"openlm", R"("dim": 64, "n_layers": 2, "n_heads": 4, "ffn_type": "gelu")",
       "c: ffn_type: found 'gelu', expected swiglu or swiglu_torch"},
      {"openlm", R"("dim": 64, "n_layers": 2, "n_heads": 4, "post_embed_norm": true)",
       "c: post_embed_norm: found true, only false is supported"},
      {"mistral", R"("attn_logit_softcapping": 30.0)",
       "c: attn_logit_softcapping: found 30.0, which changes what the model computes and is not "
       "supported"}};
  for (const Feature &feature : features)
    try {
      parseConfig(bare(feature.type, std::string(", ") + feature.key), "c");
      ADD_FAILURE() << feature.type << " " << feature.key << " is accepted";
    } catch (const ModelError &error) {
      EXPECT_STREQ(error.what(), feature.message);
    }
}

// transformers' own values, where a file leaves a key out or says null.
TEST(ModelConfig, KeysLeftOutHaveTransformersValues) {
  auto read = [](const char *type, const std::string &more) {
    return parseConfig(bare(type, more), "c");
  };
  EXPECT_EQ(read("mistral", "").window, 4096);
  EXPECT_EQ(read("mistral", R"(, "sliding_window": null)").window, 0);
  EXPECT_EQ(read("gemma2", "").attentionSoftcap, 50);
  EXPECT_EQ(read("gemma2", R"(, "attn_logit_softcapping": null)").attentionSoftcap, 0);
  EXPECT_EQ(read("gemma2", "").headChannels, 256);
  EXPECT_TRUE(read("gemma2", "").tied);
  EXPECT_EQ(read("gemma3_text", "").rotary.base, 1e6);
  EXPECT_EQ(read("gemma3_text", "").localRotary.base, 10000);
  EXPECT_EQ(read("glm4", "").rotaryChannels(), 64);
  EXPECT_EQ(read("cohere", "").logitDivisor, 16);
  EXPECT_TRUE(read("cohere", "").tied);
  EXPECT_FALSE(read("cohere", "").normBias);
  EXPECT_EQ(read("granite", "").scoreScale(), 1);
  EXPECT_EQ(read("stablelm", "").rotaryChannels(), 2);
  EXPECT_EQ(read("smollm3", "").kind(3).turn, LayerKind::Turn::None);
  EXPECT_EQ(read("smollm3", "").kind(2).turn, LayerKind::Turn::Rotary);
  EXPECT_EQ(read("olmo3", "").kind(3).windowed, false);
  EXPECT_EQ(read("olmo3", "").kind(2).turn, LayerKind::Turn::Local);
}

TEST(ModelConfig, OpenLMsKeysHaveItsOwnNames) {
  auto read = [](const std::string &more) {
    return parseConfig(R"({"model_type": "openlm", "dim": 2048, "n_layers": 24, "n_heads": 16,
                           "vocab_size": 50432, "norm_type": "gain_only_lp_layer_norm")" +
                           more + "}",
                       "c");
  };
  ModelConfig config = read(R"(, "apply_qk_norm": true)");
  EXPECT_EQ(config.feedForward, 5632); // two thirds of 8192, in whole 256s
  EXPECT_EQ(config.keyValueHeads, 16);
  EXPECT_EQ(config.context, 2048);
  EXPECT_EQ(config.headNorms, Blocks::HeadNorms::All);
  EXPECT_FALSE(config.normBias);
  EXPECT_EQ(read("").headNorms, Blocks::HeadNorms::None);
  EXPECT_TRUE(read(R"(, "weight_tying": true)").tied);
}

TEST(ModelConfig, TellsKeysThatNothingReads) {
  ModelConfig config = parseConfig(
      llama(R"(, "transformers_version": "5.0", "sandwich_norm": true, "attention_dropout": 0.0,
               "hidden_dropout": 0.1, "nothing": null, "logit_scale": null,
               "embedding_multiplier": 1, "pad_token_id": 99999999999999999999999999)"),
      "c");
  EXPECT_EQ(config.unreadKeys, (std::vector<std::string>{"sandwich_norm", "hidden_dropout"}));
  EXPECT_EQ(
      refusalOf(R"(, "logit_scale": 0.06)"),
      "c: logit_scale: found 0.06, which changes what the model computes and is not supported");
  EXPECT_EQ(refusalOf(R"(, "num_experts": 8)"),
            "c: num_experts: found 8, which changes what the model computes and is not supported");
  EXPECT_EQ(refusalOf(R"(, "rms_norm_eps": 1e-5, "rms_norm_eps": 1e-6)"),
            "c: rms_norm_eps: is given twice");
  EXPECT_EQ(parseConfig(llama(R"(, "novelty": 1, "novelty": 2)"), "c").layers, 5);
  EXPECT_EQ(refusalOf(R"(, "rms_norm_eps": 1e999)"),
            "c: rms_norm_eps: found \"1e999\", expected a number");
  EXPECT_EQ(parseConfig("\xEF\xBB\xBF" + llama(R"(, "x": NaN)"), "c").layers, 5);
}

} // namespace
