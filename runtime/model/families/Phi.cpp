//===- Phi.cpp - Phi 1 to 4 -----------------------------------------------===//
//
// Phi 2 reads one layer_norm into attention and a plain feed-forward side by side,
// with biases everywhere, and turns half of each head. Phi 3 (2404.14219), and Phi 4
// under its name, is Llama's layer with fused matrices, windows and LongRoPE.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/families/Families.h"

namespace roux::model::families {

const Family phi{.type = "phi",
                 .architecture = "PhiForCausalLM",
                 .blocks = {.norm = Norm::Layer,
                            .parallel = true,
                            .oneNorm = true,
                            .queryKeyValueBias = true,
                            .outputBias = true,
                            .feedForwardBias = true,
                            .vocabularyBias = true},
                 .keys = sizes({{"head_dim", &C::headChannels, derived},
                                {"hidden_act", &C::activation, double(Activation::GeluTanh)},
                                {"layer_norm_eps", &C::epsilon, 1e-5}}),
                 .only = {{"qk_layernorm", "false"}},
                 .rotary = {.share = "partial_rotary_factor", .shareOtherwise = 0.5},
                 .weights = {{Embedding, "model.embed_tokens.weight"},
                             {AttentionNorm, "model.layers.{layer}.input_layernorm.*"},
                             {Query, "model.layers.{layer}.self_attn.q_proj.*"},
                             {Key, "model.layers.{layer}.self_attn.k_proj.*"},
                             {Value, "model.layers.{layer}.self_attn.v_proj.*"},
                             {Output, "model.layers.{layer}.self_attn.dense.*"},
                             {Up, "model.layers.{layer}.mlp.fc1.*"},
                             {Down, "model.layers.{layer}.mlp.fc2.*"},
                             {FinalNorm, "model.final_layernorm.*"},
                             {Vocabulary, "lm_head.*"}}};

const Family phi3{
    .type = "phi3",
    .architecture = "Phi3ForCausalLM",
    .keys = sizes({{"head_dim", &C::headChannels, derived},
                   {"hidden_act", &C::activation, double(Activation::Silu)},
                   {"rms_norm_eps", &C::epsilon, 1e-5},
                   {"sliding_window", &C::window, 0, 0}}),
    .only = {{"attention_bias", "false"}, {"mlp_bias", "false"}, {"lm_head_bias", "false"}},
    .rotary = {.share = "partial_rotary_factor"},
    .weights = {{Embedding, "model.embed_tokens.weight"},
                {AttentionNorm, "model.layers.{layer}.input_layernorm.weight"},
                {QueryKeyValue, "model.layers.{layer}.self_attn.qkv_proj.weight"},
                {Output, "model.layers.{layer}.self_attn.o_proj.weight"},
                {FeedForwardNorm, "model.layers.{layer}.post_attention_layernorm.weight"},
                {GateUp, "model.layers.{layer}.mlp.gate_up_proj.weight"},
                {Down, "model.layers.{layer}.mlp.down_proj.weight"},
                {FinalNorm, "model.norm.weight"},
                {Vocabulary, "lm_head.weight"}}};

} // namespace roux::model::families
