//===- Scanner.h - the well-known split patterns by hand ------------------===//
//
// GPT-2's pattern and its GPT-4/Llama-3/Qwen successor cut most of the world's
// training text. A regex engine spends more time on them than the merges do, so
// the two have scanners; tests hold them equal to PCRE2 on the same pattern.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/tokenizer/Tokenizer.h"

#include <string_view>
#include <vector>

namespace roux::data {

/// A pattern whose matches cover the whole text, so that its matches are the words.
struct Scanner {
  std::string_view pattern;
  /// Appends the words of `text`, shifted by `base`.
  void (*scan)(std::string_view text, std::uint32_t base, std::vector<ByteRange> &words);
};

/// The scanner for exactly this pattern, or null.
const Scanner *findScanner(std::string_view pattern);

/// Every pattern that has a scanner.
std::vector<std::string_view> scannedPatterns();

/// The pattern ByteLevel uses, which is GPT-2's.
extern const std::string_view gpt2Pattern;
/// tiktoken's cl100k_base, which takes all white space at the end of a text at once, unlike the
/// files of Hugging Face that descend from it.
extern const std::string_view cl100kPattern;

} // namespace roux::data
