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

/// Reads what stands in `folder` beside the tokenizer (tokenizer_config.json, added_tokens.json,
/// special_tokens_map.json, chat_template.jinja; each may be absent) into `tokenizer`, and hashes
/// it on. `isWhole`: the tokenizer's own file has its added tokens, as tokenizer.json does, and
/// rules over the keys that others state how to build it with. Throws TokenizerError for a role or
/// an id given to a token the vocabulary lacks, and for keys that would change ids.
void readTokenizerConfig(const std::filesystem::path &folder, bool isWhole, Tokenizer &tokenizer);

} // namespace roux::data
