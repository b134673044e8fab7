//===- Formats.h - one reader for each tokenizer format -------------------===//
//
// What loadTokenizer() chooses from. Readers take the bytes of a file and the
// name that errors shall give it; all throw TokenizerError.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Tokenizer.h"

namespace roux::data {

/// The largest id a file may use; far above any vocabulary, far below what would exhaust memory.
inline constexpr TokenId largestId = (1 << 24) - 1;

/// A Hugging Face tokenizer.json.
std::unique_ptr<Tokenizer> readHuggingFace(std::string_view bytes, std::string_view file);

/// tiktoken ranks: lines of a token in base64 and its id. `pattern` is a name from README.md.
std::unique_ptr<Tokenizer> readTiktoken(std::string_view bytes, std::string_view file,
                                        std::string_view pattern);
/// True if `bytes` begin like tiktoken ranks.
bool looksLikeTiktoken(std::string_view bytes);

/// llama2.c's tok*.bin.
std::unique_ptr<Tokenizer> readLlama2c(std::string_view bytes, std::string_view file);

/// A SentencePiece model, serialised.
std::unique_ptr<Tokenizer> readSentencePiece(std::string_view bytes, std::string_view file);

} // namespace roux::data
