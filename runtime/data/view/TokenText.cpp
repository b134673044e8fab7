//===- TokenText.cpp - what each token says -------------------------------===//
//
// Some tokenizers write a token differently at the start of a text, so each is
// decoded behind its neighbour and the neighbour's own text taken off.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/view/TokenText.h"

#include <fmt/format.h>

namespace roux::data {

std::vector<std::string> tokenTexts(const Decode &decode, std::span<const int32_t> ids) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < ids.size(); ++i) {
    uint32_t pair[2] = {static_cast<uint32_t>(ids[i ? i - 1 : 0]), static_cast<uint32_t>(ids[i])};
    if (i == 0) {
      texts.push_back(decode(std::span(pair).last(1)));
      continue;
    }
    std::string before = decode(std::span(pair).first(1)), both = decode(pair);
    // A replaced half character makes the two disagree; the token by itself is then the best there
    // is.
    texts.push_back(both.starts_with(before) ? both.substr(before.size())
                                             : decode(std::span(pair).last(1)));
  }
  return texts;
}

/// Bytes of the UTF-8 character that `text` begins with; 0 where it begins with none.
static size_t characterBytes(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  size_t count = lead < 0x80   ? 1
                 : lead < 0xc2 ? 0
                 : lead < 0xe0 ? 2
                 : lead < 0xf0 ? 3
                 : lead < 0xf5 ? 4
                               : 0;
  if (count == 0 || count > text.size())
    return 0;
  for (size_t i = 1; i < count; ++i)
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
  // Longer forms than needed, surrogates, and what lies behind the last character.
  if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f) ||
      (lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f))
    return 0;
  return count;
}

/// U+0080 to U+009F, and the marks that turn the direction of all that follows on a terminal.
static bool isControl(std::string_view character) {
  unsigned char lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1)
    return lead < 0x20 || lead == 0x7f;
  unsigned char second = static_cast<unsigned char>(character[1]);
  if (character.size() == 2)
    return lead == 0xc2 && second < 0xa0;
  unsigned char third = static_cast<unsigned char>(character[2]);
  return lead == 0xe2 && ((second == 0x80 && third >= 0xaa && third <= 0xae) ||
                          (second == 0x81 && third >= 0xa6 && third <= 0xa9));
}

std::string visible(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    size_t count = characterBytes(bytes);
    std::string_view character = bytes.substr(0, std::max<size_t>(count, 1));
    if (character == "\n")
      out += "⏎";
    else if (count == 0 || isControl(character))
      for (char byte : character)
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    else
      out += character;
    bytes.remove_prefix(character.size());
  }
  return out;
}

} // namespace roux::data
