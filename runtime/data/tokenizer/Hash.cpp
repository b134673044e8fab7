//===- Hash.cpp - which tokenizer this is ---------------------------------===//
//
// The seed carries what was hashed before.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/tokenizer/Hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace roux::data {

std::uint64_t hashOf(std::string_view bytes, std::uint64_t before) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), before);
}

} // namespace roux::data
