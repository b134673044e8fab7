//===- ByteAlphabet.h - GPT-2's printable spelling of bytes ---------------===//
//
// Byte-level vocabularies write each byte as one printable character. Roux
// merges bytes themselves, so the alphabet is needed only to read vocabularies
// and to show tokens.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace roux::data {

/// The character for `byte`, as UTF-8.
std::string_view spellByte(unsigned char byte);

/// The bytes that `spelling` writes; nothing where a character is not of the alphabet.
std::optional<std::string> bytesOf(std::string_view spelling);

/// `bytes`, each in its character.
std::string spellBytes(std::string_view bytes);

} // namespace roux::data
