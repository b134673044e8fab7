//===- AtomicFile.h - a file that is there whole or not at all ------------===//
//
// Token stores and plans are written once and then trusted for weeks. Both go
// through here: written to a temporary name beside the target, hashed on the way,
// synced, and renamed, so that a killed process leaves no half file behind a good
// name.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/FileError.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

struct XXH3_state_s;

namespace roux::data {

class AtomicFile {
public:
  /// Begins `path` with `headerBytes` zeros, which commit() replaces. Throws FileError, also where
  /// something that is no plain file has that name.
  AtomicFile(std::filesystem::path path, size_t headerBytes);
  /// Removes the temporary file unless committed.
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;

  /// Bytes written so far, the header's included: the offset of what comes next.
  uint64_t size() const { return written + buffer.size(); }
  void write(std::span<const std::byte> bytes);
  template <typename T>
  void writeValues(std::span<const T> values) {
    write(std::as_bytes(values));
  }
  /// Pads with zeros to a multiple of eight, where every section begins.
  void align();
  /// XXH3 of everything written after the header.
  uint64_t hash() const;
  /// Puts the header in place, syncs and renames, and syncs the folder. Throws FileError, also
  /// where a mapped file has lost bytes since: what was made of it is not to be trusted.
  void commit(std::span<const std::byte> header);

private:
  void flush();
  [[noreturn]] void fail(const char *doing) const;

  std::filesystem::path path, temporary;
  int descriptor = -1;
  uint64_t written = 0;
  std::vector<std::byte> buffer;
  std::unique_ptr<XXH3_state_s, void (*)(XXH3_state_s *)> hasher;
};

/// Writes a small text file through an AtomicFile. Throws FileError.
void writeWhole(const std::filesystem::path &path, std::string_view text);

} // namespace roux::data
