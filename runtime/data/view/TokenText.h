//===- TokenText.h - what each token says ---------------------------------===//
//
// Tokens are pieces of text, and not always of whole characters. A view shows every
// one by itself, so that nobody has to guess where one ends, and never sends raw
// control bytes of somebody's data to a terminal.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

/// The bytes of a list of ids; a tokenizer's decode.
using Decode = std::function<std::string(std::span<const uint32_t>)>;

/// The bytes each id adds to what stands before it. A token that begins inside a character has the
/// bytes of that character it brings.
std::vector<std::string> tokenTexts(const Decode &decode, std::span<const int32_t> ids);

/// `bytes` as text to be shown: line feeds as ⏎, other control characters and bytes that are not
/// UTF-8 as \xNN.
std::string visible(std::string_view bytes);

} // namespace roux::data
