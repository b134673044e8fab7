//===- TrainBytePair.h - `tokenizer t = bpe(data, vocab: …)` --------------===//
//
// Trains a byte-pair vocabulary with SentencePiece's trainer, set up as Llama's
// was: bytes for rare characters, digits apart, text as it is.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Tokenizer.h"

#include <functional>

namespace roux::data {

/// Fills in the next text to train on; false after the last.
using TextSource = std::function<bool(std::string &text)>;

/// The smallest vocabulary that can be trained: three control tokens, 256 bytes, and one more.
inline constexpr TokenId smallestTrainedVocabulary = 260;

/// Trains a vocabulary of exactly `vocabularySize` tokens on all of `texts` and returns it as a
/// SentencePiece model. The same texts in the same order give the same bytes. Throws TokenizerError
/// where the texts cannot fill the vocabulary, are not UTF-8, or are empty.
std::string trainBytePair(const TextSource &texts, TokenId vocabularySize);

/// The tokenizer of a SentencePiece model held in memory; `name` stands for the file in errors.
std::shared_ptr<const Tokenizer> tokenizerOfModel(std::string_view model, std::string_view name);

} // namespace roux::data
