//===- GenerationConfig.cpp - the table of its keys -------------------------===//
//
// Where answers end is read. How they are drawn and how long they may be is the recipe's
// to say. What forces or forbids tokens, or ends answers elsewhere, is refused.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/GenerationConfig.h"

#include "runtime/data/tokenizer/Hash.h"

#include <fmt/format.h>

namespace roux::data {

/// The recipe's, Python's, or of models with an encoder.
static constexpr std::string_view harmlessKeys[] = {"_from_model_config",
                                                    "assistant_confidence_threshold",
                                                    "assistant_lookbehind",
                                                    "bos_token_id",
                                                    "cache_config",
                                                    "cache_implementation",
                                                    "compile_config",
                                                    "decoder_start_token_id",
                                                    "disable_compile",
                                                    "diversity_penalty",
                                                    "do_sample",
                                                    "dola_layers",
                                                    "early_stopping",
                                                    "encoder_no_repeat_ngram_size",
                                                    "encoder_repetition_penalty",
                                                    "epsilon_cutoff",
                                                    "eta_cutoff",
                                                    "exponential_decay_length_penalty",
                                                    "generation_kwargs",
                                                    "guidance_scale",
                                                    "is_assistant",
                                                    "length_penalty",
                                                    "low_memory",
                                                    "max_length",
                                                    "max_matching_ngram_size",
                                                    "max_new_tokens",
                                                    "max_time",
                                                    "min_length",
                                                    "min_new_tokens",
                                                    "min_p",
                                                    "no_repeat_ngram_size",
                                                    "num_assistant_tokens",
                                                    "num_assistant_tokens_schedule",
                                                    "num_beam_groups",
                                                    "num_beams",
                                                    "num_return_sequences",
                                                    "output_attentions",
                                                    "output_hidden_states",
                                                    "output_logits",
                                                    "output_scores",
                                                    "pad_token_id",
                                                    "penalty_alpha",
                                                    "prefill_chunk_size",
                                                    "prompt_lookup_num_tokens",
                                                    "remove_invalid_values",
                                                    "renormalize_logits",
                                                    "repetition_penalty",
                                                    "return_dict_in_generate",
                                                    "return_legacy_cache",
                                                    "target_lookbehind",
                                                    "temperature",
                                                    "token_healing",
                                                    "top_h",
                                                    "top_k",
                                                    "top_p",
                                                    "transformers_version",
                                                    "trust_remote_code",
                                                    "typical_p",
                                                    "use_cache",
                                                    "use_model_defaults",
                                                    "watermarking_config"};

/// What makes answers other ones, unless it is null or an empty list.
static constexpr std::string_view refusedKeys[] = {
    "bad_words_ids",       "begin_suppress_tokens", "constraints",         "force_words_ids",
    "forced_bos_token_id", "forced_decoder_ids",    "forced_eos_token_id", "sequence_bias",
    "stop_strings",        "suppress_tokens"};

std::uint64_t readAnswerEnds(JsonObject &object, Tokenizer &tokenizer, std::uint64_t hash) {
  std::vector<TokenId> ends;
  auto take = [&](const JsonNode &node) {
    std::uint32_t id = node.number();
    if (id < tokenizer.vocabularySize())
      ends.push_back(id);
  };
  std::optional<JsonNode> node = object.find("eos_token_id");
  if (node && node->isList())
    for (const JsonNode &each : node->list())
      take(each);
  else if (node)
    take(*node);
  for (TokenId end : ends)
    hash = hashOf(fmt::format("{} ", end), hash);
  tokenizer.setAnswerEnds(std::move(ends));
  return hash;
}

std::uint64_t readGenerationConfig(const JsonNode &file, Tokenizer &tokenizer, std::uint64_t hash) {
  JsonObject object(file);
  hash = readAnswerEnds(object, tokenizer, hash);
  for (std::string_view key : refusedKeys)
    if (std::optional<JsonNode> node = object.find(key);
        node && !(node->isList() && node->list().empty()))
      node->fail("is not supported: answers here would be other ones than this asks for");
  for (std::string_view key : harmlessKeys)
    object.ignore(key);
  tokenizer.addNote(object.noteOfUnread());
  return hash;
}

} // namespace roux::data
