//===- Completion.h - what may be written next -----------------------------===//
//
// Keys that are not there yet, words, functions and names that fit where the cursor
// is: from the table of constructs, and from the recipe's own definitions.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/language/Document.h"

namespace roux::language {

struct Completion {
  enum class Kind : uint8_t { Key, Word, Function, Name, Attribute };
  Kind kind = Kind::Word;
  std::string label;
  std::string insert; ///< what is written
  std::string detail; ///< one line
};

std::vector<Completion> completionsAt(const Document &document, size_t offset);

} // namespace roux::language
