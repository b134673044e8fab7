//===- JsonText.cpp - values as they stand in JSON ------------------------===//
//
// Invalid UTF-8 becomes U+FFFD, so that what is written can always be read back.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/JsonText.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

namespace roux::data {

/// Bytes of the well-formed UTF-8 character that `text` begins with; 0 where it begins with none.
static size_t characterBytes(std::string_view text) {
  uint8_t first = static_cast<uint8_t>(text[0]);
  size_t bytes = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (bytes == 0 || first > 0xf4 || bytes > text.size())
    return 0;
  for (size_t i = 1; i < bytes; ++i)
    if ((static_cast<uint8_t>(text[i]) & 0xc0) != 0x80)
      return 0;
  uint8_t second = bytes > 1 ? static_cast<uint8_t>(text[1]) : 0;
  bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  bool noCharacter = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return overlong || noCharacter ? 0 : bytes;
}

std::string jsonText(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    size_t bytes = characterBytes(text);
    if (bytes == 0)
      out += "\xef\xbf\xbd";
    else if (text[0] == '"' || text[0] == '\\')
      out += {'\\', text[0]};
    else if (static_cast<uint8_t>(text[0]) < 0x20)
      out += fmt::format("\\u{:04x}", text[0]);
    else
      out += text.substr(0, bytes);
    text.remove_prefix(bytes ? bytes : 1);
  }
  return out + '"';
}

std::string jsonNumber(double number) {
  return std::isfinite(number) ? fmt::format("{}", number) : "null";
}

} // namespace roux::data
