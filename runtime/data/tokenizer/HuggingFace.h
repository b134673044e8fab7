//===- HuggingFace.h - the two large parts of a tokenizer.json ------------===//
//
// Vocabulary with merges, and added tokens, each in a file of its own.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Json.h"
#include "runtime/data/tokenizer/PipelineTokenizer.h"

namespace roux::data {

/// Fills vocabulary and merges from `model`; words are spelled in bytes if `byteLevel`.
void readModel(const JsonNode &node, bool byteLevel, Pipeline &parts);

/// Adds `added_tokens` to vocabulary and matchers; normalizers must be there.
void readAddedTokens(const JsonNode &node, Pipeline &parts);

} // namespace roux::data
