//===- Glm.cpp - GLM 4 ----------------------------------------------------===//
//
// Llama's layer with norms before and after each block, half of each head turned by
// neighbouring pairs, and gate and up in one matrix (2406.12793; the 0414 models).
//
//===----------------------------------------------------------------------===//
#include "runtime/model/families/Families.h"

namespace roux::model::families {

const Family glm4{
    .type = "glm4",
    .architecture = "Glm4ForCausalLM",
    .keys = sizes({{"head_dim", &C::headChannels, 128},
                   {"hidden_act", &C::activation, double(Activation::Silu)},
                   {"attention_bias", &C::queryKeyValueBias, true},
                   {"rms_norm_eps", &C::epsilon, 1.5625e-7}},
                  2),
    .rotary = {.share = "partial_rotary_factor",
               .shareOtherwise = 0.5,
               .style = Rotary::Style::Interleaved},
    .weights = {{Embedding, "model.embed_tokens.weight"},
                {AttentionNorm, "model.layers.{layer}.input_layernorm.weight"},
                {Query, "model.layers.{layer}.self_attn.q_proj.*"},
                {Key, "model.layers.{layer}.self_attn.k_proj.*"},
                {Value, "model.layers.{layer}.self_attn.v_proj.*"},
                {Output, "model.layers.{layer}.self_attn.o_proj.weight"},
                {AttentionOutNorm, "model.layers.{layer}.post_self_attn_layernorm.weight"},
                {FeedForwardNorm, "model.layers.{layer}.post_attention_layernorm.weight"},
                {GateUp, "model.layers.{layer}.mlp.gate_up_proj.weight"},
                {Down, "model.layers.{layer}.mlp.down_proj.weight"},
                {FeedForwardOutNorm, "model.layers.{layer}.post_mlp_layernorm.weight"},
                {FinalNorm, "model.norm.weight"},
                {Vocabulary, "lm_head.weight"}}};

} // namespace roux::model::families
