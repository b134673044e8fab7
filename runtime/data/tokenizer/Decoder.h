//===- Decoder.h - from token spellings to text ---------------------------===//
//
// A decoder is a list of steps over the spellings of the tokens, as Hugging Face
// has it. Bytes stay bytes: where that library puts U+FFFD for a character cut
// in two, the half is kept, so decoding loses nothing.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Json.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

class DecodeStep {
public:
  virtual ~DecodeStep() = default;
  virtual void apply(std::vector<std::string> &tokens) const = 0;
};

using Decoder = std::vector<std::unique_ptr<DecodeStep>>;

/// The text of tokens spelled `tokens`.
std::string decodeTokens(const Decoder &decoder, std::vector<std::string> tokens);

/// The `decoder` of a tokenizer.json. Throws TokenizerError for one that is not supported.
Decoder readDecoder(const JsonNode &node);

/// Reads every token as GPT-2's byte alphabet.
std::unique_ptr<DecodeStep> decodeByteAlphabet();
/// Spells <0x0A> as its byte and takes one space off the start, as SentencePiece does.
Decoder decodeSpacedBytes();
/// Puts a space between tokens, as Hugging Face does without a decoder.
std::unique_ptr<DecodeStep> decodeWithSpaces();
/// The byte that a token spelled <0x00> … <0xFF> stands for; -1 for other tokens.
int fallbackByte(std::string_view token);

} // namespace roux::data
