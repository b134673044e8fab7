//===- ConfigKeys.cpp - the table of keys ---------------------------------===//
//
// The keys are those that transformers writes for these families, and those by which
// relatives of theirs differ.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/ConfigKeys.h"

#include <fmt/format.h>

#include <algorithm>

namespace roux::model {

namespace {

/// Names, versions, and what concerns generating, saving or Python.
constexpr std::string_view harmless[] = {"_name_or_path",
                                         "_attn_implementation",
                                         "_attn_implementation_autoset",
                                         "architectures",
                                         "auto_map",
                                         "chunk_size_feed_forward",
                                         "dtype",
                                         "finetuning_task",
                                         "gradient_checkpointing",
                                         "id2label",
                                         "initializer_range",
                                         "is_llama_config",
                                         "label2id",
                                         "max_length",
                                         "min_length",
                                         "model_type",
                                         "n_ctx",
                                         "name_or_path",
                                         "num_labels",
                                         "output_attentions",
                                         "output_hidden_states",
                                         "pad_token_id",
                                         "pretraining_tp",
                                         "problem_type",
                                         "return_dict",
                                         "rope_interleaved_weights",
                                         "summary_activation",
                                         "summary_first_dropout",
                                         "summary_proj_to_labels",
                                         "summary_type",
                                         "summary_use_proj",
                                         "task_specific_params",
                                         "tokenizer_class",
                                         "torch_dtype",
                                         "torchscript",
                                         "transformers_version",
                                         "unk_token_id",
                                         "unsloth_fixed",
                                         "unsloth_version",
                                         "use_bfloat16",
                                         "use_cache",
                                         "use_return_dict"};

/// What changes the result, and the only value with which it does not; "" for none but null.
struct Changing {
  std::string_view key, neutral;
};
constexpr Changing changing[] = {
    {"add_cross_attention", "false"},
    {"attn_temperature_tuning", "false"},
    {"alibi", "false"},
    {"attention_multiplier", ""},
    {"attn_logit_softcapping", ""},
    {"cla_share_factor", "1"},
    {"clip_qkv", ""},
    {"embedding_multiplier", "1.0"},
    {"final_logit_softcapping", ""},
    {"is_encoder_decoder", "false"},
    {"logit_scale", ""},
    {"logits_scaling", "1.0"},
    {"layer_norm_elementwise_affine", "true"},
    {"mup", "false"},
    {"no_rope_layers", "[]"},
    {"num_experts", ""},
    {"num_local_experts", ""},
    {"parallel_attn", "false"},
    {"qk_layernorm", "false"},
    {"query_pre_attn_scalar", ""},
    {"residual_multiplier", "1.0"},
    {"rope_parameters.mrope_interleaved", "false"},
    {"rope_parameters.mrope_section", ""},
    {"rope_scaling.mrope_interleaved", "false"},
    {"rope_scaling.mrope_section", ""},
    {"rope_interleaved", "false"},
    {"scale_embedding", "false"},
    {"text_config", ""},
    {"use_alibi", "false"},
    {"use_mrope", "false"},
    {"use_parallel_residual", "false"},
    {"use_qk_norm", "false"},
    {"vision_config", ""},
};

/// Numbers are the same number however they are written.
bool isNeutral(simdjson::dom::element value, std::string_view neutral) {
  double number = 0;
  if (value.is_number() && !value.get(number))
    return neutral.starts_with("1") && number == 1;
  return simdjson::to_string(value) == neutral;
}

} // namespace

std::vector<std::string> unreadKeys(const ConfigObject &from) {
  constexpr size_t most = 32;
  std::vector<std::string> unread; // one more than `most` says that there are more
  from.forEachUnasked([&](std::string_view key, simdjson::dom::element value) {
    auto row = std::find_if(std::begin(changing), std::end(changing),
                            [&](const Changing &each) { return each.key == key; });
    // A block inside the one of rotary positions is of some layers only.
    bool ofLayers = key.starts_with("rope_") && key.find('.') != key.npos && value.is_object();
    if (ofLayers || row != std::end(changing)) {
      if (ofLayers || !isNeutral(value, row->neutral))
        from.fail(key, fmt::format("found {}, which changes what the model computes and is not "
                                   "supported",
                                   simdjson::to_string(value).substr(0, 60)));
    } else if (unread.size() <= most &&
               std::find(std::begin(harmless), std::end(harmless), key) == std::end(harmless)) {
      // Dropout of 0 is none; any other would be trained with elsewhere.
      double number = 1;
      bool dropout = key.ends_with("dropout") || key.ends_with("pdrop");
      if (!dropout || value.get(number) || number != 0)
        unread.emplace_back(key.substr(0, 80));
    }
  });
  if (unread.size() > most)
    unread.back() = "…";
  return unread;
}

} // namespace roux::model
