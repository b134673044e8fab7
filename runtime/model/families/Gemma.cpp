//===- Gemma.cpp - Gemma 2 and the text of Gemma 3 ------------------------===//
//
// Llama's layer with norms before and after each block, whose gain is 1 + weight,
// embeddings scaled by the root of the channels, and windows in turn with whole
// sight (2408.00118). Gemma 2 caps scores and logits; Gemma 3 (2503.19786) norms its
// heads instead, and layers with a window turn by a base of their own.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/families/Families.h"

namespace roux::model::families {

static std::vector<WeightName> gemmaWeights(bool hasHeadNorms) {
  std::vector<WeightName> names{
      {Embedding, "model.embed_tokens.weight"},
      {AttentionNorm, "model.layers.{layer}.input_layernorm.weight"},
      {Query, "model.layers.{layer}.self_attn.q_proj.*"},
      {Key, "model.layers.{layer}.self_attn.k_proj.*"},
      {Value, "model.layers.{layer}.self_attn.v_proj.*"},
      {Output, "model.layers.{layer}.self_attn.o_proj.*"},
      {AttentionOutNorm, "model.layers.{layer}.post_attention_layernorm.weight"},
      {FeedForwardNorm, "model.layers.{layer}.pre_feedforward_layernorm.weight"},
      {Gate, "model.layers.{layer}.mlp.gate_proj.weight"},
      {Up, "model.layers.{layer}.mlp.up_proj.weight"},
      {Down, "model.layers.{layer}.mlp.down_proj.weight"},
      {FeedForwardOutNorm, "model.layers.{layer}.post_feedforward_layernorm.weight"},
      {FinalNorm, "model.norm.weight"},
      {Vocabulary, "lm_head.weight"}};
  if (hasHeadNorms)
    names.insert(names.begin() + 5, {{QueryNorm, "model.layers.{layer}.self_attn.q_norm.weight"},
                                     {KeyNorm, "model.layers.{layer}.self_attn.k_norm.weight"}});
  return names;
}

static std::vector<ConfigKey> gemmaKeys(std::vector<ConfigKey> more) {
  std::vector<ConfigKey> keys =
      sizes({{"head_dim", &C::headChannels, 256},
             {"hidden_activation", &C::activation, double(Activation::GeluTanh)},
             {"attention_bias", &C::outputBias, false},
             {"attention_bias", &C::queryKeyValueBias, false},
             {"rms_norm_eps", &C::epsilon, 1e-6},
             {"query_pre_attn_scalar", &C::attentionDivisor, 256},
             {"sliding_window", &C::window, 4096, 0}},
            4);
  keys.insert(keys.end(), more.begin(), more.end());
  return keys;
}

const Family gemma2{.type = "gemma2",
                    .architecture = "Gemma2ForCausalLM",
                    .blocks = {.gainAroundOne = true, .scalesEmbeddings = true},
                    .keys = gemmaKeys({{"attn_logit_softcapping", &C::attentionSoftcap, 50, 0},
                                       {"final_logit_softcapping", &C::logitSoftcap, 30, 0}}),
                    .only = {{"use_bidirectional_attention", "false"}},
                    .harmless = {"cache_implementation", "hidden_act"},
                    .tiedOtherwise = true,
                    .read = readAlternating,
                    .write = writeLayerTypes,
                    .weights = gemmaWeights(false)};

const Family gemma3{
    .type = "gemma3_text",
    .architecture = "Gemma3ForCausalLM",
    .blocks = {.gainAroundOne = true, .headNorms = HeadNorms::Each, .scalesEmbeddings = true},
    .keys = gemmaKeys({{"final_logit_softcapping", &C::logitSoftcap, 0, 0}}),
    .only = {{"attn_logit_softcapping", ""}, {"use_bidirectional_attention", "false"}},
    .harmless = {"cache_implementation", "hidden_act", "_sliding_window_pattern"},
    .tiedOtherwise = true,
    .rotary = {.baseOtherwise = 1e6,
               .localBase = "rope_local_base_freq",
               .localBaseOtherwise = 10000},
    .read = readGemma3Layers,
    .write = writeGemma3Layers,
    .weights = gemmaWeights(true)};

} // namespace roux::model::families
