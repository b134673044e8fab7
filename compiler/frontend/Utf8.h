//===- Utf8.h - one character of UTF-8 at a time --------------------------===//
//
// Recipes come from editors, downloads and fuzzers. Whatever shows or reads
// their text goes through here, so that no broken byte reaches a terminal.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace roux {

/// One decoded character; `bytes` is 1 and `valid` false where the text is no UTF-8.
struct Character {
  char32_t code = 0;
  uint8_t bytes = 1;
  bool valid = false;
};

/// The character at `at` < text.size(). Overlong forms, surrogates and codes past U+10FFFF are
/// invalid.
Character decode(std::string_view text, size_t at);

/// True for C0 controls other than tab and line feed, and for DEL: never part of a recipe.
bool isControl(char32_t code);

/// `text` with invalid bytes and control characters replaced by U+FFFD.
std::string printable(std::string_view text);

} // namespace roux
