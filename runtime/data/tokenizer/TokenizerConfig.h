//===- TokenizerConfig.h - the files beside a tokenizer -------------------===//
//
// A Hugging Face model folder says in tokenizer_config.json which tokens begin
// and end a sequence and how a chat is written; the tokenizer itself does not
// know. Chat templates stay text here.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Tokenizer.h"

namespace roux::data {

/// Reads what stands in `folder` beside the tokenizer (tokenizer_config.json,
/// special_tokens_map.json, chat_template.jinja; each may be absent) into `tokenizer`, and hashes
/// it on. Throws TokenizerError for a role given to a token the vocabulary lacks.
void readTokenizerConfig(const std::filesystem::path &folder, Tokenizer &tokenizer);

} // namespace roux::data
