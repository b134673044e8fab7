//===- ByteAlphabet.cpp - GPT-2's printable spelling of bytes -------------===//
//
// Printable Latin-1 stands for itself; the other bytes take the characters from
// U+0100 on, in order.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/ByteAlphabet.h"

#include "runtime/data/tokenizer/CharacterClass.h"

#include <array>
#include <utf8proc.h>

namespace roux::data {

namespace {

struct Alphabet {
  std::array<std::string, 256> spellings;
  std::array<int, 0x144> bytes; ///< by code point; -1 for none

  Alphabet() {
    bytes.fill(-1);
    char32_t next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
      char32_t codepoint = printable ? byte : next++;
      utf8proc_uint8_t encoded[4];
      auto length = utf8proc_encode_char(codepoint, encoded);
      spellings[byte].assign(reinterpret_cast<char *>(encoded), length);
      bytes[codepoint] = byte;
    }
  }
};

} // namespace

static const Alphabet &alphabet() {
  static const Alphabet instance;
  return instance;
}

std::string_view spellByte(unsigned char byte) {
  return alphabet().spellings[byte];
}

std::optional<std::string> bytesOf(std::string_view spelling) {
  const Alphabet &letters = alphabet();
  std::string bytes;
  for (std::size_t at = 0; at < spelling.size();) {
    Character character = characterAt(spelling, at);
    if (character.codepoint >= letters.bytes.size() || letters.bytes[character.codepoint] < 0)
      return std::nullopt;
    bytes += char(letters.bytes[character.codepoint]);
    at += character.length;
  }
  return bytes;
}

std::string spellBytes(std::string_view bytes) {
  std::string spelling;
  for (unsigned char byte : bytes)
    spelling += spellByte(byte);
  return spelling;
}

} // namespace roux::data
