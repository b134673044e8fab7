//===- PreTokenizer.h - cutting text into words ---------------------------===//
//
// Merges never cross a word, so where words end decides ids. Each step cuts the
// pieces it is given further, or rewrites them; the last pieces are the words.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Json.h"
#include "runtime/data/tokenizer/WorkingText.h"

#include <memory>
#include <vector>

namespace roux::data {

class PreTokenizer {
public:
  virtual ~PreTokenizer() = default;
  virtual void apply(WorkingText &text) const = 0;
};

/// The steps in order, and whether words are then spelled in bytes instead of characters.
struct PreTokenizers {
  std::vector<std::unique_ptr<PreTokenizer>> steps;
  bool byteLevel = false;
};

/// The `pre_tokenizer` of a tokenizer.json. Throws TokenizerError for one that is not supported.
PreTokenizers readPreTokenizers(const JsonNode &node);

/// Cuts by `pattern`, whose every match, and all between two, is a word.
std::unique_ptr<PreTokenizer> splitByPattern(std::string_view pattern);

/// How Metaspace spells the start of a word.
struct Metaspace {
  enum class Prefix { always, first, never };

  std::string replacement = "▁";
  Prefix prefix = Prefix::always;
  bool split = true;
};

/// The fields of a Metaspace pre-tokenizer or decoder.
Metaspace readMetaspace(JsonObject &object);

} // namespace roux::data
