//===- GenerationConfig.h - how a model was meant to be asked --------------===//
//
// generation_config.json stands beside a tokenizer and says where answers end, which
// training and asking both need, and much that is about drawing them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Json.h"
#include "runtime/data/tokenizer/Tokenizer.h"

namespace roux::data {

/// Gives `tokenizer` the ends of answers, `eos_token_id` of `object`: a number, or a list. Ids that
/// the tokenizer lacks are the model's own affair. Returns `hash` with what was read.
std::uint64_t readAnswerEnds(JsonObject &object, Tokenizer &tokenizer, std::uint64_t hash);

/// Gives `tokenizer` the ends of answers, and a note of keys that no table knows. Returns `hash`
/// with what was read. Throws TokenizerError for a key without which answers would be other ones.
std::uint64_t readGenerationConfig(const JsonNode &file, Tokenizer &tokenizer, std::uint64_t hash);

} // namespace roux::data
