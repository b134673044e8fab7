//===- WriteBytePair.h - a SentencePiece vocabulary as others read it -----===//
//
// transformers reads a SentencePiece model by rules that change with its versions
// and with files around it. tokenizer.json says everything, so a model that leaves
// this project gives the same ids there.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Tokenizer.h"

namespace roux::data {

/// tokenizer.json for a SentencePiece model, read as `tokenizer`: the same ids for every text. None
/// where the model is no byte-pair model that only marks spaces, as Llama's and those trained here.
std::optional<std::string> bytePairJson(const Tokenizer &tokenizer, std::string_view model);

/// tokenizer_config.json beside tokenizer.json.
std::string tokenizerConfigJson(const Tokenizer &tokenizer);

} // namespace roux::data
