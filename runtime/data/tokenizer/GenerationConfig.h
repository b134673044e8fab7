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

/// Gives `tokenizer` the ends of answers, and a note of keys that no table knows. Throws
/// TokenizerError for a key without which answers would be other ones.
void readGenerationConfig(const JsonNode &file, Tokenizer &tokenizer);

} // namespace roux::data
