//===- OpenLM.cpp - what Dataset Decomposition and DCLM train -------------===//
//
// Llama's layer with layer_norms that have a gain and no bias, also of all queries and
// keys, and fused matrices. Its config, which the open_lm package registers with
// transformers, has names of its own, and none for the base of the rotation and the
// feed-forward's width: others than 10000 and two thirds of four times the width are
// written under Llama's names, which that package does not read.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/ConfigObject.h"
#include "runtime/model/ObjectText.h"
#include "runtime/model/families/Families.h"

#include <fmt/format.h>

#include <algorithm>

namespace roux::model::families {

struct NormName {
  std::string_view name;
  Norm norm;
};
static constexpr std::string_view normKey = "norm_type", headNormKey = "apply_qk_norm",
                                  tiedKey = "weight_tying", widthKey = "intermediate_size";
/// The others have biases, of heads' norms too, or no gain.
static constexpr NormName norms[] = {{"gain_only_lp_layer_norm", Norm::Layer},
                                     {"gain_only_layer_norm", Norm::Layer},
                                     {"rms_norm", Norm::RMS}};

static void readWord(const ConfigObject &from, std::string_view key, std::string_view first,
                     std::string_view second) {
  std::string found = from.text(key, first);
  if (found != first && found != second)
    from.fail(key, fmt::format("found '{}', expected {}{}{}", found, first,
                               second.empty() ? "" : " or ", second));
}

static void readOpenLM(const ConfigObject &from, ModelConfig &config) {
  readWord(from, "ffn_type", "swiglu", "swiglu_torch");
  readWord(from, "positional_embedding_type", "rotary", "");
  std::string norm = from.text(normKey, "");
  auto known = std::ranges::find(norms, norm, &NormName::name);
  if (known == std::end(norms))
    from.fail(normKey, fmt::format("found '{}', expected {}, {} or {}", norm, norms[0].name,
                                   norms[1].name, norms[2].name));
  config.norm = known->norm;
  config.headNorms = from.truth(headNormKey, false) ? HeadNorms::All : HeadNorms::None;
  config.tied = from.truth(tiedKey, false);
  // Two thirds of four times the width, rounded up; no key of open_lm says another.
  config.feedForward = from.size(widthKey, (8 * config.channels / 3 + 255) / 256 * 256);
}

static void writeOpenLM(const ModelConfig &config, ObjectText &out) {
  bool isRMS = config.norm == Norm::RMS;
  out.raw(normKey, fmt::format("\"{}\"", isRMS ? norms[2].name : norms[0].name));
  out.truth(headNormKey, config.headNorms != HeadNorms::None);
  out.truth(tiedKey, config.tied);
  out.size(widthKey, config.feedForward);
  out.raw("ffn_type", "\"swiglu_torch\"");
  out.raw("positional_embedding_type", "\"rotary\"");
  out.truth("post_embed_norm", false);
}

const Family openlm{.type = "openlm",
                    .architecture = "OpenLMForCausalLM",
                    .blocks = {.norm = Norm::Layer, .normBias = false, .headNorms = HeadNorms::All},
                    .keys = {{"dim", &C::channels},
                             {"n_layers", &C::layers},
                             {"n_heads", &C::heads},
                             {"seq_len", &C::context, 2048},
                             {"norm_eps", &C::epsilon, 1e-5}},
                    .only = {{"post_embed_norm", "false"}, {"moe_freq", "0"}},
                    .harmless = {"attn_name", "attn_activation", "attn_seq_scalar",
                                 "attn_seq_scalar_alpha", "moe_loss_weight", "moe_capacity_factor",
                                 "moe_expert_model_parallelism", "moe_weight_parallelism",
                                 "moe_num_experts", "moe_top_k"},
                    .read = readOpenLM,
                    .write = writeOpenLM,
                    .weights = {{Embedding, "model.tok_embeddings.weight"},
                                {AttentionNorm, "model.layers.{layer}.attention_norm.weight"},
                                {QueryKeyValue, "model.layers.{layer}.attention.in_proj.weight"},
                                {QueryNorm, "model.layers.{layer}.attention.q_norm.weight"},
                                {KeyNorm, "model.layers.{layer}.attention.k_norm.weight"},
                                {Output, "model.layers.{layer}.attention.out_proj.weight"},
                                {FeedForwardNorm, "model.layers.{layer}.ffn_norm.weight"},
                                {GateUp, "model.layers.{layer}.feed_forward.w12.weight"},
                                {Down, "model.layers.{layer}.feed_forward.w3.weight"},
                                {FinalNorm, "model.norm.weight"},
                                {Vocabulary, "model.output.weight"}}};

} // namespace roux::model::families
