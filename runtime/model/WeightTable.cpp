//===- WeightTable.cpp - names and shapes per family ----------------------===//
//
// Hugging Face's names, because that is what the files hold; llama2.c tensors
// are given the same ones when they are read.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/WeightTable.h"

namespace roux::model {

static std::vector<WeightRow> llamaTable(const ModelConfig &c) {
  const std::string layer = "model.layers.{layer}.", attention = layer + "self_attn.";
  const std::string feedForward = layer + "mlp.";
  const int64_t query = c.queryChannels(), keyValue = c.keyValueChannels();
  std::vector<WeightRow> rows;
  auto add = [&](bool present, Role role, const std::string &name, std::vector<int64_t> shape) {
    if (present)
      rows.push_back({role, name, std::move(shape), name.starts_with(layer)});
  };
  add(true, Role::Embedding, "model.embed_tokens.weight", {c.vocabulary, c.channels});
  add(true, Role::AttentionNorm, layer + "input_layernorm.weight", {c.channels});
  add(true, Role::Query, attention + "q_proj.weight", {query, c.channels});
  add(c.queryKeyValueBias, Role::QueryBias, attention + "q_proj.bias", {query});
  add(true, Role::Key, attention + "k_proj.weight", {keyValue, c.channels});
  add(c.queryKeyValueBias, Role::KeyBias, attention + "k_proj.bias", {keyValue});
  add(true, Role::Value, attention + "v_proj.weight", {keyValue, c.channels});
  add(c.queryKeyValueBias, Role::ValueBias, attention + "v_proj.bias", {keyValue});
  add(c.headNorms, Role::QueryNorm, attention + "q_norm.weight", {c.headChannels});
  add(c.headNorms, Role::KeyNorm, attention + "k_norm.weight", {c.headChannels});
  add(true, Role::Output, attention + "o_proj.weight", {c.channels, query});
  add(c.outputBias, Role::OutputBias, attention + "o_proj.bias", {c.channels});
  add(true, Role::FeedForwardNorm, layer + "post_attention_layernorm.weight", {c.channels});
  add(true, Role::Gate, feedForward + "gate_proj.weight", {c.feedForward, c.channels});
  add(c.feedForwardBias, Role::GateBias, feedForward + "gate_proj.bias", {c.feedForward});
  add(true, Role::Up, feedForward + "up_proj.weight", {c.feedForward, c.channels});
  add(c.feedForwardBias, Role::UpBias, feedForward + "up_proj.bias", {c.feedForward});
  add(true, Role::Down, feedForward + "down_proj.weight", {c.channels, c.feedForward});
  add(c.feedForwardBias, Role::DownBias, feedForward + "down_proj.bias", {c.channels});
  add(true, Role::FinalNorm, "model.norm.weight", {c.channels});
  add(!c.tied, Role::Vocabulary, "lm_head.weight", {c.vocabulary, c.channels});
  return rows;
}

/// GPT-2 keeps its matrices as (inputs, outputs), the transpose of everyone else's.
static std::vector<WeightRow> gpt2Table(const ModelConfig &c) {
  const std::string layer = "transformer.h.{layer}.";
  std::vector<WeightRow> rows;
  auto add = [&](Role role, const std::string &name, std::vector<int64_t> shape) {
    rows.push_back({role, name, std::move(shape), name.starts_with(layer)});
  };
  add(Role::Embedding, "transformer.wte.weight", {c.vocabulary, c.channels});
  add(Role::PositionTable, "transformer.wpe.weight", {c.context, c.channels});
  add(Role::AttentionNorm, layer + "ln_1.weight", {c.channels});
  add(Role::AttentionNormBias, layer + "ln_1.bias", {c.channels});
  add(Role::QueryKeyValue, layer + "attn.c_attn.weight", {c.channels, 3 * c.channels});
  add(Role::QueryKeyValueBias, layer + "attn.c_attn.bias", {3 * c.channels});
  add(Role::Output, layer + "attn.c_proj.weight", {c.channels, c.channels});
  add(Role::OutputBias, layer + "attn.c_proj.bias", {c.channels});
  add(Role::FeedForwardNorm, layer + "ln_2.weight", {c.channels});
  add(Role::FeedForwardNormBias, layer + "ln_2.bias", {c.channels});
  add(Role::Up, layer + "mlp.c_fc.weight", {c.channels, c.feedForward});
  add(Role::UpBias, layer + "mlp.c_fc.bias", {c.feedForward});
  add(Role::Down, layer + "mlp.c_proj.weight", {c.feedForward, c.channels});
  add(Role::DownBias, layer + "mlp.c_proj.bias", {c.channels});
  add(Role::FinalNorm, "transformer.ln_f.weight", {c.channels});
  add(Role::FinalNormBias, "transformer.ln_f.bias", {c.channels});
  if (!c.tied)
    add(Role::Vocabulary, "lm_head.weight", {c.vocabulary, c.channels});
  return rows;
}

std::vector<WeightRow> weightTable(const ModelConfig &config) {
  return config.family == Family::Gpt2 ? gpt2Table(config) : llamaTable(config);
}

std::string nameInLayer(const std::string &name, int64_t layer) {
  static const std::string hole = "{layer}";
  size_t at = name.find(hole);
  return at == std::string::npos
             ? name
             : std::string(name).replace(at, hole.size(), std::to_string(layer));
}

} // namespace roux::model
