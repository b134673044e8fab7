//===- JsonNumbers.h - JSON of any numbers for a parser of some -----------===//
//
// JSON allows numbers of any size and Python writes NaN and Infinity into it; parsers
// refuse the whole file for one that nobody reads (`model_max_length` of 1e30). What
// is out of range becomes a text here, so that only who asks for it is told.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>
#include <string_view>

namespace roux::data {

/// `json` with integers beyond 64 bits, reals beyond double precision, and NaN, Infinity and
/// -Infinity in quotes, and without a byte order mark; all else, mistakes included, as it is.
std::string withReadableNumbers(std::string_view json);

} // namespace roux::data
