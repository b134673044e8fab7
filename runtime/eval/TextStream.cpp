//===- TextStream.cpp - an answer's text while it is written --------------===//
//
// Tokenizers give half a character as its bytes or as U+FFFD: both wait.
//
//===----------------------------------------------------------------------===//
#include "runtime/eval/TextStream.h"

#include <algorithm>

namespace roux::eval {

/// Bytes of `text` up to the character that its end may cut.
static size_t wholeCharacters(std::string_view text) {
  constexpr std::string_view replacement = "\xef\xbf\xbd";
  size_t end = text.size();
  while (text.substr(0, end).ends_with(replacement))
    end -= replacement.size();
  size_t lead = end;
  while (lead > 0 && end - lead < 3 && (static_cast<uint8_t>(text[lead - 1]) & 0xc0) == 0x80)
    --lead;
  if (lead == 0)
    return end;
  uint8_t first = static_cast<uint8_t>(text[lead - 1]);
  size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return end - (lead - 1) < length ? lead - 1 : end;
}

size_t settledBytes(std::string_view text, std::span<const std::string> stops) {
  size_t settled = wholeCharacters(text);
  for (const std::string &stop : stops)
    for (size_t part = std::min(stop.size(), text.size()); part > 0; --part)
      if (text.ends_with(std::string_view(stop).substr(0, part))) {
        settled = std::min(settled, text.size() - part);
        break;
      }
  return settled;
}

void TextStream::grow(std::string_view text) {
  size_t settled = settledBytes(text, stops);
  if (settled <= told)
    return;
  sink(text.substr(told, settled - told));
  told = settled;
}

void TextStream::finish(std::string_view text) {
  if (text.size() > told)
    sink(text.substr(told));
  told = text.size();
}

} // namespace roux::eval
