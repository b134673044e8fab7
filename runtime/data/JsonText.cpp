//===- JsonText.cpp - values as they stand in JSON ------------------------===//
//
// Invalid UTF-8 becomes U+FFFD, so that what is written can always be read back.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/JsonText.h"

#include "runtime/data/WholeCharacters.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

namespace roux::data {

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
