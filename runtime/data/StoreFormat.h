//===- StoreFormat.h - the token store's header ---------------------------===//
//
// Shared by its writer and its reader and by nobody else. README.md says what
// each section holds.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/TokenRuns.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace roux::data {

struct StoreHeader {
  static constexpr uint64_t magicValue = 0x31304b4f54585552u; // "RUXTOK01", little-endian
  static constexpr uint32_t currentVersion = 4;

  uint64_t magic;
  uint32_t version;
  uint32_t attributes;   ///< columns of 8-byte values, one a sequence
  uint64_t fileBytes;    ///< so that a truncated copy is known at once
  uint64_t hash;         ///< sealOf() this header and all bytes after it
  uint64_t sequences;    ///< entries in the table
  uint64_t tableOffset;  ///< SequenceEntry[sequences]
  uint64_t valuesOffset; ///< double[attributes][sequences]
  uint64_t namesOffset;  ///< packed names, to the end of the file
};
static_assert(sizeof(StoreHeader) == 64);

/// What in the places of a sequence of `tokens` tokens breaks the contract of NewSequence; null if
/// nothing does.
const char *placeMistake(std::span<const TokenRange> turns, std::span<const TokenRange> spans,
                         std::span<const uint32_t> sentences, size_t tokens);

} // namespace roux::data
