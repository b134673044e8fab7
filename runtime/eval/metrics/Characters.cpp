//===- Characters.cpp - text as Python's `str` sees it --------------------===//
//
// Categories and simple lower case are utf8proc's; what Python adds to them stands
// here: one character that becomes two, the sigma, and its own list of spaces.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/metrics/Characters.h"

#include <algorithm>
#include <utf8proc.h>

namespace roux::eval {

std::u32string charactersOf(std::string_view text) {
  std::u32string characters;
  characters.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    if (auto byte = static_cast<unsigned char>(text[at]); byte < 0x80) {
      characters += byte;
      ++at;
      continue;
    }
    utf8proc_int32_t code;
    utf8proc_ssize_t bytes =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(text.data() + at),
                         static_cast<utf8proc_ssize_t>(text.size() - at), &code);
    characters += bytes > 0 ? static_cast<char32_t>(code) : U'\uFFFD';
    at += bytes > 0 ? static_cast<size_t>(bytes) : 1;
  }
  return characters;
}

std::string utf8Of(std::u32string_view text) {
  std::string bytes;
  for (char32_t character : text) {
    utf8proc_uint8_t buffer[4];
    utf8proc_ssize_t size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(character), buffer);
    bytes.append(reinterpret_cast<const char *>(buffer), static_cast<size_t>(size));
  }
  return bytes;
}

static utf8proc_category_t categoryOf(char32_t character) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(character));
}

static bool isAnyOf(char32_t character, std::u32string_view ranges) {
  for (size_t i = 0; i + 1 < ranges.size(); i += 2)
    if (character >= ranges[i] && character <= ranges[i + 1])
      return true;
  return false;
}

/// Unicode's Case_Ignorable.
static bool isCaseIgnorable(char32_t character) {
  switch (categoryOf(character)) {
  case UTF8PROC_CATEGORY_MN:
  case UTF8PROC_CATEGORY_ME:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_SK:
    return true;
  default:
    return std::u32string_view(U"':.\u00B7\u0387\u055F\u05F4\u2018\u2019\u2024\u2027\uFE13\uFE52"
                               U"\uFE55\uFF07\uFF0E\uFF1A")
               .find(character) != std::u32string_view::npos;
  }
}

/// Unicode's Cased, of characters that are not Case_Ignorable.
static bool isCased(char32_t character) {
  switch (categoryOf(character)) {
  case UTF8PROC_CATEGORY_LU:
  case UTF8PROC_CATEGORY_LL:
  case UTF8PROC_CATEGORY_LT:
    return true;
  default:
    return isAnyOf(character, U"\u00AA\u00AA\u00BA\u00BA\u2160\u217F\u24B6\u24E9"
                              U"\U0001F130\U0001F149\U0001F150\U0001F169\U0001F170\U0001F189");
  }
}

/// Whether the sigma at `at` ends a word.
static bool endsWord(std::u32string_view text, size_t at) {
  size_t before = at;
  while (before > 0 && isCaseIgnorable(text[before - 1]))
    --before;
  if (before == 0 || !isCased(text[before - 1]))
    return false;
  size_t after = at + 1;
  while (after < text.size() && isCaseIgnorable(text[after]))
    ++after;
  return after == text.size() || !isCased(text[after]);
}

std::u32string lowered(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char32_t character = text[i];
    if (character < 0x80)
      out += character >= 'A' && character <= 'Z' ? character + 32 : character;
    else if (character == U'\u0130')
      out += U"i\u0307";
    else if (character == U'\u03A3')
      out += endsWord(text, i) ? U'\u03C2' : U'\u03C3';
    else
      out += static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(character)));
  }
  return out;
}

bool isSpace(char32_t character) {
  return isAnyOf(character, U"\t\r\x1C\x20\u0085\u0085\u00A0\u00A0\u1680\u1680\u2000\u200A"
                            U"\u2028\u2029\u202F\u202F\u205F\u205F\u3000\u3000");
}

bool isDigit(char32_t character) {
  if (character < 0x80)
    return character >= '0' && character <= '9';
  return categoryOf(character) == UTF8PROC_CATEGORY_ND;
}

bool isWord(char32_t character) {
  if (character < 0x80)
    return (character | 32) - 'a' < 26 || character - '0' < 10 || character == '_';
  utf8proc_category_t category = categoryOf(character);
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
         (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}

bool isPunctuation(char32_t character) {
  return character > ' ' && character < 0x7F && !((character | 32) - 'a' < 26) &&
         !(character - '0' < 10);
}

std::vector<std::u32string_view> split(std::u32string_view text, char32_t separator) {
  std::vector<std::u32string_view> pieces;
  for (size_t from = 0;;) {
    size_t end = text.find(separator, from);
    pieces.push_back(text.substr(from, end - from));
    if (end == text.npos)
      return pieces;
    from = end + 1;
  }
}

/// The longest runs of characters for which `inside` holds.
template <typename Inside>
static std::vector<std::u32string_view> runs(std::u32string_view text, Inside inside) {
  std::vector<std::u32string_view> found;
  for (size_t at = 0; at < text.size();) {
    size_t begin = at;
    while (at < text.size() && inside(text[at]))
      ++at;
    if (at > begin)
      found.push_back(text.substr(begin, at - begin));
    else
      ++at;
  }
  return found;
}

std::vector<std::u32string_view> splitSpaces(std::u32string_view text) {
  return runs(text, [](char32_t character) { return !isSpace(character); });
}

std::vector<std::u32string_view> digitRuns(std::u32string_view text) {
  return runs(text, isDigit);
}

} // namespace roux::eval
