//===- Hash.h - which tokenizer this is -----------------------------------===//
//
// Plans and caches are keyed by content; a tokenizer's share of the key is the
// hash of everything it was read from.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string_view>

namespace roux::data {

/// XXH3 of `bytes`, continuing from the hash of what came before.
std::uint64_t hashOf(std::string_view bytes, std::uint64_t before = 0);

} // namespace roux::data
