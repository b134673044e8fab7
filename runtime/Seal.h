//===- Seal.h - bytes that know whether they are whole ---------------------===//
//
// What is read back from a disk, a program or its code, ends in the hash of what
// stands before it: damage is a message, never something that is run.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <xxhash.h>

namespace roux {

/// `bytes` and their hash.
inline std::string sealed(std::string bytes) {
  XXH64_hash_t hash = XXH3_64bits(bytes.data(), bytes.size());
  return bytes.append(reinterpret_cast<const char *>(&hash), sizeof hash);
}

/// What was sealed; none where a byte of it or of its hash is another.
inline std::optional<std::string_view> unsealed(std::string_view bytes) {
  XXH64_hash_t hash;
  if (bytes.size() < sizeof hash)
    return std::nullopt;
  std::string_view content = bytes.substr(0, bytes.size() - sizeof hash);
  std::memcpy(&hash, content.end(), sizeof hash);
  if (hash != XXH3_64bits(content.data(), content.size()))
    return std::nullopt;
  return content;
}

} // namespace roux
