//===- Utf8.cpp - decoding that never reads past the end ------------------===//
//
// The well-formed byte sequences of Unicode's table 3-7, and nothing else.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Utf8.h"

namespace roux {

Character decode(std::string_view text, size_t at) {
  auto byte = [&](size_t i) -> uint32_t {
    return at + i < text.size() ? static_cast<uint8_t>(text[at + i]) : 0;
  };
  auto tail = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  uint32_t lead = byte(0);
  if (lead < 0x80)
    return {lead, 1, true};
  char32_t code = 0;
  if (lead >= 0xC2 && lead <= 0xDF && tail(1))
    return {((lead & 0x1F) << 6) | (byte(1) & 0x3F), 2, true};
  if ((lead & 0xF0) == 0xE0 && tail(1) && tail(2)) {
    code = ((lead & 0x0F) << 12) | ((byte(1) & 0x3F) << 6) | (byte(2) & 0x3F);
    if (code >= 0x800 && (code < 0xD800 || code > 0xDFFF))
      return {code, 3, true};
  }
  if ((lead & 0xF8) == 0xF0 && tail(1) && tail(2) && tail(3)) {
    code = ((lead & 0x07) << 18) | ((byte(1) & 0x3F) << 12) | ((byte(2) & 0x3F) << 6) |
           (byte(3) & 0x3F);
    if (code >= 0x10000 && code <= 0x10FFFF)
      return {code, 4, true};
  }
  return {lead, 1, false};
}

bool isControl(char32_t code) {
  return (code < 0x20 && code != '\t' && code != '\n') || code == 0x7F;
}

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    Character c = decode(text, at);
    if (!c.valid || isControl(c.code))
      shown += "\xEF\xBF\xBD";
    else
      shown += text.substr(at, c.bytes);
    at += c.bytes;
  }
  return shown;
}

} // namespace roux
