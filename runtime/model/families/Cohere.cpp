//===- Cohere.cpp - Command R ---------------------------------------------===//
//
// One layer_norm without a bias is read by attention and a gated feed-forward side by
// side; heads turn by neighbouring pairs, and logits are scaled.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/ConfigObject.h"
#include "runtime/model/ObjectText.h"
#include "runtime/model/families/Families.h"

#include <fmt/format.h>

namespace roux::model::families {

static void readScale(const ConfigObject &from, ModelConfig &config) {
  constexpr std::string_view key = "logit_scale";
  config.logitDivisor = 1 / (from.has(key) ? from.positive(key) : 0.0625);
}

static void writeScale(const ModelConfig &config, ObjectText &out) {
  out.raw("logit_scale", fmt::format("{}", 1 / config.logitDivisor));
}

const Family cohere{
    .type = "cohere",
    .architecture = "CohereForCausalLM",
    .blocks = {.norm = Norm::Layer, .normBias = false, .parallel = true, .oneNorm = true},
    .keys = sizes({{"head_dim", &C::headChannels, derived},
                   {"hidden_act", &C::activation, double(Activation::Silu)},
                   {"attention_bias", &C::queryKeyValueBias, false},
                   {"attention_bias", &C::outputBias, false},
                   {"layer_norm_eps", &C::epsilon, 1e-5}}),
    .only = {{"use_qk_norm", "false"}},
    .tiedOtherwise = true,
    .rotary = {.style = Rotary::Style::Interleaved},
    .read = readScale,
    .write = writeScale,
    .weights = {{Embedding, "model.embed_tokens.weight"},
                {AttentionNorm, "model.layers.{layer}.input_layernorm.*"},
                {Query, "model.layers.{layer}.self_attn.q_proj.*"},
                {Key, "model.layers.{layer}.self_attn.k_proj.*"},
                {Value, "model.layers.{layer}.self_attn.v_proj.*"},
                {Output, "model.layers.{layer}.self_attn.o_proj.*"},
                {Gate, "model.layers.{layer}.mlp.gate_proj.weight"},
                {Up, "model.layers.{layer}.mlp.up_proj.weight"},
                {Down, "model.layers.{layer}.mlp.down_proj.weight"},
                {FinalNorm, "model.norm.*"},
                {Vocabulary, "lm_head.weight"}}};

} // namespace roux::model::families
