//===- Olmo.cpp - OLMo 2 and 3 --------------------------------------------===//
//
// Llama's layer with the norms of what blocks add instead of what they read, and
// norms of query and key over all heads at once (2501.00656). OLMo 3 has a window in
// three layers of four, which keep plain positions where the others' are stretched.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/families/Families.h"

namespace roux::model::families {

static const std::vector<ConfigKey> keys =
    sizes({{"head_dim", &C::headChannels, derived},
           {"hidden_act", &C::activation, double(Activation::Silu)},
           {"attention_bias", &C::outputBias, false},
           {"attention_bias", &C::queryKeyValueBias, false},
           {"rms_norm_eps", &C::epsilon, 1e-5}});

static const std::vector<WeightName> names{
    {Embedding, "model.embed_tokens.weight"},
    {Query, "model.layers.{layer}.self_attn.q_proj.*"},
    {Key, "model.layers.{layer}.self_attn.k_proj.*"},
    {Value, "model.layers.{layer}.self_attn.v_proj.*"},
    {QueryNorm, "model.layers.{layer}.self_attn.q_norm.weight"},
    {KeyNorm, "model.layers.{layer}.self_attn.k_norm.weight"},
    {Output, "model.layers.{layer}.self_attn.o_proj.*"},
    {AttentionOutNorm, "model.layers.{layer}.post_attention_layernorm.weight"},
    {Gate, "model.layers.{layer}.mlp.gate_proj.weight"},
    {Up, "model.layers.{layer}.mlp.up_proj.weight"},
    {Down, "model.layers.{layer}.mlp.down_proj.weight"},
    {FeedForwardOutNorm, "model.layers.{layer}.post_feedforward_layernorm.weight"},
    {FinalNorm, "model.norm.weight"},
    {Vocabulary, "lm_head.weight"}};

const Family olmo2{.type = "olmo2",
                   .architecture = "Olmo2ForCausalLM",
                   .blocks = {.headNorms = HeadNorms::All},
                   .keys = keys,
                   .only = {{"clip_qkv", ""}},
                   .weights = names};

const Family olmo3{.type = "olmo3",
                   .architecture = "Olmo3ForCausalLM",
                   .blocks = {.headNorms = HeadNorms::All},
                   .keys =
                       [] {
                         std::vector<ConfigKey> all = keys;
                         all.push_back({"sliding_window", &C::window, 4096, 0});
                         return all;
                       }(),
                   .only = {{"clip_qkv", ""}},
                   .rotary = {.baseOtherwise = 500000, .localBaseOtherwise = 500000},
                   .read = readOlmo3Layers,
                   .write = writeLayerTypes,
                   .weights = names};

} // namespace roux::model::families
