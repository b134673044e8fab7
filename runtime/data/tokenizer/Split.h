//===- Split.h - what becomes of a separator ------------------------------===//
//
// Hugging Face pre-tokenizers find matches and then keep, drop or merge them;
// the five behaviours and the inversion are the same for all of them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/PreTokenizer.h"

#include <string_view>

namespace roux::data {

enum class SplitBehavior { removed, isolated, mergedWithPrevious, mergedWithNext, contiguous };

/// The behaviour under a key named `behavior`.
SplitBehavior readSplitBehavior(const JsonNode &node);

/// Appends to `pieces` the pieces of a text of `length` bytes that has these `matches`, in order;
/// all shifted by `base`, none empty. `invert` takes what lies between matches for the matches.
void splitAtMatches(const std::vector<ByteRange> &matches, std::uint32_t length, std::uint32_t base,
                    SplitBehavior behavior, bool invert, std::vector<ByteRange> &pieces);

/// Cuts at the matches of a regular expression.
std::unique_ptr<PreTokenizer> splitByRegex(std::string_view pattern, SplitBehavior behavior,
                                           bool invert);

/// Cuts at characters of any of `classes` (CharacterClass bits).
std::unique_ptr<PreTokenizer> splitByClass(std::uint8_t classes, SplitBehavior behavior);

} // namespace roux::data
