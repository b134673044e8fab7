//===- SentencePieceModel.h - what a model says beside its pieces ---------===//
//
// The library encodes by a model but does not tell its settings. Whether another
// tokenizer can say the same depends on them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace roux::data {

struct SentencePieceModel {
  enum class Type : uint8_t { Normal = 1, Unknown, Control, UserDefined, Unused, Byte };

  std::vector<float> scores; ///< of the pieces, by id
  std::vector<Type> types;
  bool isBytePair = false; ///< else a unigram, word or character model
  bool byteFallback = false;
  bool prefixesSpace = true;
  bool removesSpaces = true;
  bool escapesSpaces = true;
  bool spaceIsSuffix = false;
  bool rewritesText = false; ///< normalises characters
};

/// The settings of a serialized model; none where the bytes are none.
std::optional<SentencePieceModel> readSentencePieceModel(std::string_view bytes);

} // namespace roux::data
