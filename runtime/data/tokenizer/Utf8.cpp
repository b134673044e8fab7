//===- Utf8.cpp - what a tokenizer accepts as text and as an id -----------===//
//
// simdjson says whether text is UTF-8 at the speed of memory; only text that is
// not is walked again, to say where.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/Utf8.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <utf8proc.h>

namespace roux::data {

static std::size_t firstInvalidByte(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    utf8proc_int32_t codepoint;
    auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(text.data() + at),
                                   text.size() - at, &codepoint);
    if (length <= 0)
      break;
    at += length;
  }
  return at;
}

void checkUtf8(std::string_view text) {
  if (text.size() >= UINT32_MAX)
    throw TokenizerError(fmt::format("text has {} bytes, expected less than 4 GiB", text.size()));
  if (simdjson::validate_utf8(text.data(), text.size()))
    return;
  std::size_t at = firstInvalidByte(text);
  throw TokenizerError(
      fmt::format("text is not UTF-8: byte 0x{:02X} at offset {}", std::uint8_t(text[at]), at));
}

void checkId(TokenId id, TokenId vocabularySize) {
  if (id >= vocabularySize)
    throw TokenizerError(
        fmt::format("id {} is outside the vocabulary, which has {} ids", id, vocabularySize));
}

} // namespace roux::data
