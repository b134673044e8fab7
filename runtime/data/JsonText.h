//===- JsonText.h - values as they stand in JSON --------------------------===//
//
// Ledgers, metrics, configs and safetensors headers all write JSON. What each says
// is its own; how a name with a quote in it or a number that is none is spelled
// should be decided once.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>
#include <string_view>

namespace roux::data {

/// `text` in quotes; quotes, backslashes and control characters escaped, all else as it is.
std::string jsonText(std::string_view text);
/// The shortest spelling that reads back as `number`; null where it is not finite, because JSON has
/// no other way to say so.
std::string jsonNumber(double number);

} // namespace roux::data
