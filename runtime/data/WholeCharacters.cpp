//===- WholeCharacters.cpp - bytes where only characters may stand --------===//
//
// Well-formed is what Unicode's table 3-7 allows.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/WholeCharacters.h"

#include <cstdint>

namespace roux::data {

size_t characterBytes(std::string_view text) {
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

std::string withWholeCharacters(std::string_view text) {
  std::string whole;
  while (!text.empty()) {
    size_t bytes = characterBytes(text);
    whole += bytes ? text.substr(0, bytes) : "\xef\xbf\xbd";
    text.remove_prefix(bytes ? bytes : 1);
    while (bytes == 0 && !text.empty() && (static_cast<uint8_t>(text[0]) & 0xc0) == 0x80)
      text.remove_prefix(1);
  }
  return whole;
}

} // namespace roux::data
