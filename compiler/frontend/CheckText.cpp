//===- CheckText.cpp - is this a text at all? -----------------------------===//
//
// One diagnostic for each stretch of bad bytes; CR LF is one mistake however
// many lines have it.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/CheckText.h"
#include "compiler/frontend/Utf8.h"

#include <fmt/format.h>

namespace roux {

static SourceRange place(uint32_t file, size_t begin, size_t end) {
  return {file, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
}

static void reportCarriageReturns(std::string_view text, uint32_t file, Diagnostics &diagnostics) {
  size_t first = text.find("\r\n");
  if (first == std::string_view::npos)
    return;
  size_t lines = 0;
  for (size_t at = first; at != std::string_view::npos; at = text.find("\r\n", at + 2))
    ++lines;
  diagnostics.error(Code::Encoding, place(file, first, first + 1),
                    fmt::format("{} {} in CR LF, expected LF; save the file with Unix line ends",
                                lines, lines == 1 ? "line ends" : "lines end"));
}

/// Reports the stretch of invalid or control bytes at `begin` and returns its end.
static size_t reportStretch(std::string_view text, size_t begin, uint32_t file,
                            Diagnostics &diagnostics) {
  bool valid = decode(text, begin).valid;
  size_t end = begin;
  while (end < text.size()) {
    Character c = decode(text, end);
    if (c.valid != valid || (c.valid && !isControl(c.code)))
      break;
    end += c.bytes;
  }
  std::string where = fmt::format("0x{:02X} at byte {}", static_cast<uint8_t>(text[begin]), begin);
  if (end - begin > 1)
    where += fmt::format(" and {} more", end - begin - 1);
  diagnostics.error(Code::Encoding, place(file, begin, end),
                    fmt::format("{} {}", valid ? "control character" : "invalid UTF-8:", where));
  return end;
}

void checkText(const SourceManager &sources, uint32_t file, Diagnostics &diagnostics) {
  std::string_view text = sources.text(file);
  if (text.starts_with("\xEF\xBB\xBF"))
    diagnostics.error(Code::Encoding, place(file, 0, 3),
                      "the file starts with a byte order mark; save it as UTF-8 without one");
  reportCarriageReturns(text, file, diagnostics);
  for (size_t at = 0; at < text.size();) {
    auto byte = static_cast<uint8_t>(text[at]);
    bool plain = (byte >= 0x20 && byte < 0x7F) || byte == '\n' || byte == '\t' ||
                 (byte == '\r' && text.substr(at, 2) == "\r\n");
    if (plain) {
      ++at;
      continue;
    }
    Character c = decode(text, at);
    at = c.valid && !isControl(c.code) ? at + c.bytes : reportStretch(text, at, file, diagnostics);
  }
}

} // namespace roux
