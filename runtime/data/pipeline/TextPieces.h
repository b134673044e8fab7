//===- TextPieces.h - pieces of a text, counted in tokens -----------------===//
//
// A piece of a text that a model is asked about, or that goes into a conversation, is
// text again: it begins and ends between characters, although tokens may not.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/pipeline/DataPipeline.h"
#include "runtime/data/tokenizer/Tokenizer.h"

namespace roux::data {

/// Where the bytes of `text` for tokens [begin, end) of `encoding` are, in whole characters.
ByteRange bytesOf(const Encoding &encoding, std::string_view text, size_t begin, size_t end);

/// `text` without what `side` has beyond `tokens` tokens; of the middle, the first and last half
/// stay.
std::string shortened(const Tokenizer &tokenizer, std::string_view text, uint64_t tokens,
                      Side side);

} // namespace roux::data
