//===- Llama.cpp - Llama and those that kept its layer --------------------===//
//
// rms_norm before each block, rotary positions, a gated feed-forward (2302.13971).
// Mistral (2310.06825) gave every layer a window, Qwen 2 (2407.10671) biases to
// query, key and value, Qwen 3 (2505.09388) norms to heads; SmolLM 3 turns no head of
// every fourth layer; Granite (2408.13359) scales what it adds.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/families/Families.h"

namespace roux::model::families {

std::vector<ConfigKey> sizes(std::vector<ConfigKey> more, double keyValueHeads) {
  std::vector<ConfigKey> keys{{"hidden_size", &C::channels},
                              {"intermediate_size", &C::feedForward},
                              {"num_hidden_layers", &C::layers},
                              {"num_attention_heads", &C::heads},
                              {"num_key_value_heads", &C::keyValueHeads, keyValueHeads, derived},
                              {"max_position_embeddings", &C::context}};
  keys.insert(keys.end(), more.begin(), more.end());
  return keys;
}

static const ConfigKey headSize{"head_dim", &C::headChannels, derived};
static const ConfigKey silu{"hidden_act", &C::activation, double(Activation::Silu)};
static const ConfigKey bias{"attention_bias", &C::outputBias, false};
static const ConfigKey inputBias{"attention_bias", &C::queryKeyValueBias, false};
static const ConfigKey feedForwardBias{"mlp_bias", &C::feedForwardBias, false};

std::vector<WeightName> llamaWeights(std::vector<WeightName> more) {
  std::vector<WeightName> names{
      {Embedding, "model.embed_tokens.weight"},
      {AttentionNorm, "model.layers.{layer}.input_layernorm.*"},
      {Query, "model.layers.{layer}.self_attn.q_proj.*"},
      {Key, "model.layers.{layer}.self_attn.k_proj.*"},
      {Value, "model.layers.{layer}.self_attn.v_proj.*"},
      {Output, "model.layers.{layer}.self_attn.o_proj.*"},
      {FeedForwardNorm, "model.layers.{layer}.post_attention_layernorm.*"},
      {Gate, "model.layers.{layer}.mlp.gate_proj.*"},
      {Up, "model.layers.{layer}.mlp.up_proj.*"},
      {Down, "model.layers.{layer}.mlp.down_proj.*"},
      {FinalNorm, "model.norm.*"},
      {Vocabulary, "lm_head.*"}};
  names.insert(names.end() - 2, more.begin(), more.end());
  return names;
}

const Family llama{
    .type = "llama",
    .architecture = "LlamaForCausalLM",
    .keys = sizes(
        {headSize, silu, bias, inputBias, feedForwardBias, {"rms_norm_eps", &C::epsilon, 1e-6}}),
    .harmless = {"layer_types", "sliding_window", "use_sliding_window", "max_window_layers"},
    .weights = llamaWeights()};

const Family mistral{.type = "mistral",
                     .architecture = "MistralForCausalLM",
                     .keys = sizes({headSize,
                                    silu,
                                    {"sliding_window", &C::window, 4096, 0},
                                    {"rms_norm_eps", &C::epsilon, 1e-6}},
                                   8),
                     .harmless = {"attention_bias", "mlp_bias", "layer_types", "use_sliding_window",
                                  "max_window_layers"},
                     .weights = llamaWeights()};

const Family qwen2{.type = "qwen2",
                   .architecture = "Qwen2ForCausalLM",
                   .blocks = {.queryKeyValueBias = true},
                   .keys = sizes({headSize, silu, {"rms_norm_eps", &C::epsilon, 1e-6}}, 32),
                   .harmless = {"attention_bias", "mlp_bias"},
                   .read = readLastWindowed,
                   .write = writeLastWindowed,
                   .weights = llamaWeights()};

static const std::vector<WeightName> headNorms{
    {QueryNorm, "model.layers.{layer}.self_attn.q_norm.weight"},
    {KeyNorm, "model.layers.{layer}.self_attn.k_norm.weight"}};

const Family qwen3{.type = "qwen3",
                   .architecture = "Qwen3ForCausalLM",
                   .blocks = {.headNorms = HeadNorms::Each},
                   .keys = sizes({{"head_dim", &C::headChannels, 128},
                                  silu,
                                  bias,
                                  inputBias,
                                  {"rms_norm_eps", &C::epsilon, 1e-6}},
                                 32),
                   .harmless = {"mlp_bias"},
                   .read = readLastWindowed,
                   .write = writeLastWindowed,
                   .weights = llamaWeights(headNorms)};

const Family smollm3{
    .type = "smollm3",
    .architecture = "SmolLM3ForCausalLM",
    .keys = sizes(
        {headSize, silu, bias, inputBias, feedForwardBias, {"rms_norm_eps", &C::epsilon, 1e-6}}, 4),
    .harmless = {"max_window_layers"},
    .tiedOtherwise = true,
    .rotary = {.baseOtherwise = 2000000},
    .read = readUnturned,
    .write = writeUnturned,
    .weights = llamaWeights()};

const Family granite{.type = "granite",
                     .architecture = "GraniteForCausalLM",
                     .keys = sizes({headSize,
                                    silu,
                                    bias,
                                    inputBias,
                                    inputBias,
                                    feedForwardBias,
                                    {"rms_norm_eps", &C::epsilon, 1e-6},
                                    {"embedding_multiplier", &C::embeddingScale, 1},
                                    {"residual_multiplier", &C::residualScale, 1},
                                    {"attention_multiplier", &C::attentionScale, 1},
                                    {"logits_scaling", &C::logitDivisor, 1}}),
                     .weights = llamaWeights()};

} // namespace roux::model::families
