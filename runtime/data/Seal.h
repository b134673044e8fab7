//===- Seal.h - one hash over a whole file --------------------------------===//
//
// Header and body are hashed together, so that no byte of a file can change unseen. The
// body's hash is known when it is written, the header's only at the end.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/MappedFile.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace roux::data {

/// What `Header::hash` has to be in front of a body of that hash.
template <typename Header>
uint64_t sealOf(Header header, uint64_t bodyHash) {
  header.hash = bodyHash;
  return XXH3_64bits(&header, sizeof header);
}

/// Throws FileError, saying what to do about it, unless `file` is as it was written.
template <typename Header>
void checkSeal(const MappedFile &file) {
  Header header = file.section<Header>(0, 1, "the header")[0];
  std::span<const std::byte> body = file.bytes().subspan(sizeof header);
  if (header.hash != sealOf(header, XXH3_64bits(body.data(), body.size())))
    file.fail(
        "damaged: its checksum does not agree with its bytes; delete it, and it is made anew");
}

} // namespace roux::data
