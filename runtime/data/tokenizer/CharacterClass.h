//===- CharacterClass.h - letters, numbers, spaces ------------------------===//
//
// Every published split pattern cuts text by the same few Unicode classes. One
// byte a code point answers for all of them, at the cost of one load.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string_view>

namespace roux::data {

/// Bits, because a class such as "newline" lies inside another.
enum CharacterClass : std::uint8_t {
  letterClass = 1,       ///< \p{L}
  numberClass = 2,       ///< \p{N}
  spaceClass = 4,        ///< White_Space
  newlineClass = 8,      ///< \r and \n
  punctuationClass = 16, ///< \p{P}, and the printable ASCII that is no letter, digit or space
  markClass = 32,        ///< \p{M}
};

/// The classes of `codepoint`; 0 for none of them. Built from utf8proc on first use.
const std::uint8_t *characterClasses();

/// A code point and the bytes it takes.
struct Character {
  char32_t codepoint;
  std::uint32_t length;
};

/// The character that starts at byte `at` of `text`, which is UTF-8.
inline Character characterAt(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) { return std::uint8_t(text[at + i]); };
  std::uint8_t lead = byte(0);
  if (lead < 0x80)
    return {lead, 1};
  if (lead < 0xE0)
    return {char32_t((lead & 0x1F) << 6 | (byte(1) & 0x3F)), 2};
  if (lead < 0xF0)
    return {char32_t((lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F)), 3};
  return {char32_t((lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 |
                   (byte(3) & 0x3F)),
          4};
}

/// Where the character before byte `at` starts; `at` is above 0.
inline std::size_t previousCharacter(std::string_view text, std::size_t at) {
  do
    --at;
  while ((std::uint8_t(text[at]) & 0xC0) == 0x80);
  return at;
}

} // namespace roux::data
