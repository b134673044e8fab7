//===- Characters.h - text as Python's `str` sees it ----------------------===//
//
// The published metrics are Python: what is lower case, a space, a digit or part of
// a word is what Python says of a character, and lengths are in characters. A byte
// or a rule of another language would change scores by items.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace roux::eval {

/// The characters of `text`. A byte that is no UTF-8 becomes U+FFFD; callers refuse such text.
std::u32string charactersOf(std::string_view text);
std::string utf8Of(std::u32string_view text);

/// `str.lower()`: the full mapping, with a sigma at a word's end.
std::u32string lowered(std::u32string_view text);
/// `str.isspace()`, which is also what `\s` matches.
bool isSpace(char32_t character);
/// What `\d` matches: the decimal digits of every script.
bool isDigit(char32_t character);
/// What `\w` matches.
bool isWord(char32_t character);
/// One of `string.punctuation`.
bool isPunctuation(char32_t character);

/// `text.split(separator)`; the pieces are views of `text`.
std::vector<std::u32string_view> split(std::u32string_view text, char32_t separator);
/// `text.split()`: between runs of white space.
std::vector<std::u32string_view> splitSpaces(std::u32string_view text);
/// The runs of digits, in order: `re.findall(r"\d+", text)`.
std::vector<std::u32string_view> digitRuns(std::u32string_view text);

} // namespace roux::eval
