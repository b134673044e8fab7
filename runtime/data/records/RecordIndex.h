//===- RecordIndex.h - where the records of a source are, kept ------------===//
//
// Finding and validating every record means reading every byte. What was found
// is kept beside the run, under the identity of the files, so that unchanged
// data are not read again until a record is asked for.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/Ledger.h"
#include "runtime/data/MappedFile.h"
#include "runtime/data/records/KeyCounts.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace roux::data {

/// A record's place in its file. Plain bytes of the index.
struct RecordEntry {
  uint64_t offset;
  uint32_t length;
  uint32_t line; ///< of its file, from 0; blank and bad ones count
};
static_assert(sizeof(RecordEntry) == 16);

/// What tells one state of a file from another without reading it; empty for
/// what is no plain file.
std::string identityOf(const std::filesystem::path &path);
/// True if `path` was changed so lately that another change could leave the
/// same identity.
bool isFresh(const std::filesystem::path &path);

/// What indexing found.
struct RecordIndex {
  struct File {
    std::string path;
    std::string identity; ///< identityOf() when it was indexed
    bool lines = true;    ///< JSON Lines; else one document
    uint64_t firstOrdinal = 0;
    uint64_t firstEntry = 0;
  };
  std::vector<File> files;
  std::span<const RecordEntry> entries;
  uint64_t ordinals = 0; ///< lines, or documents, of all files
  uint64_t hash = 0;     ///< of all bytes of all files, in order
  KeyCounts keys;
  Ledger losses;

  /// Keeps what `entries` are borrowed from.
  std::shared_ptr<const void> storage;

  /// The index at `path`, if there is a whole one that was made for `made`.
  /// Everything else is no index: it is made again.
  static std::optional<RecordIndex> read(const std::filesystem::path &path, std::string_view made);
  /// Writes it; throws FileError.
  void write(const std::filesystem::path &path, std::string_view made) const;
};

} // namespace roux::data
