//===- WholeCharacters.h - bytes where only characters may stand ----------===//
//
// Tokens end anywhere in a character, so an answer, a span or a name of a file may hold
// half of one; prompts, JSON, pages and regular expressions take whole ones only.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace roux::data {

/// Bytes of the well-formed UTF-8 character that `text`, which is not empty, begins with; 0 where
/// it begins with none.
size_t characterBytes(std::string_view text);

/// `text` with U+FFFD for every byte that is no part of a character, and one for all that is left
/// of a character.
std::string withWholeCharacters(std::string_view text);

} // namespace roux::data
