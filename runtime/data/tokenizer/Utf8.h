//===- Utf8.h - what a tokenizer accepts as text and as an id -------------===//
//
// Every tokenizer checks its input the same way, so that the rest may trust it.
// Invalid UTF-8 is an error: Hugging Face's library cannot be given any either.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Tokenizer.h"

namespace roux::data {

/// Throws TokenizerError naming the first byte of `text` that is not UTF-8, or that `text` is 4 GiB
/// or longer.
void checkUtf8(std::string_view text);

/// Throws TokenizerError unless `id` is below `vocabularySize`.
void checkId(TokenId id, TokenId vocabularySize);

} // namespace roux::data
