//===- RecordIndex.h - where the records of a source are, kept ------------===//
//
// Finding and validating every record means reading every byte. What was found
// is kept in the folder of the run, under the identity of the files, so that
// unchanged data are not read again until a record is asked for. It is not kept
// beside the data: their folder is often others', and often cannot be written.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/Ledger.h"
#include "runtime/data/MappedFile.h"
#include "runtime/data/NamelessFile.h"
#include "runtime/data/records/KeyCounts.h"

#include <cstdint>
#include <filesystem>
#include <memory>
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

/// What indexing found.
struct RecordIndex {
  struct File {
    std::string path;
    std::string state; ///< FileState::text before it was read; empty: it cannot be known again
    bool lines = true; ///< JSON Lines; else one document
    uint64_t firstOrdinal = 0;
    uint64_t firstEntry = 0;
  };
  std::string rules; ///< all else that decides what is found
  std::vector<File> files;
  std::span<const RecordEntry> entries;
  uint64_t ordinals = 0; ///< lines, or documents, of all files
  uint64_t hash = 0;     ///< of all bytes of all files, in order
  KeyCounts keys;
  Ledger losses;

  /// What `entries` are borrowed from.
  std::shared_ptr<const MappedFile> storage;

  /// Fills all but rules and files from the index at `path`, if there is a whole one of these rules
  /// and files; false otherwise, and `why` says what is wrong with the one that is there.
  bool read(const std::filesystem::path &path, std::string &why);
  /// Writes it with `found` as its entries. Throws FileError.
  void write(const std::filesystem::path &path, const NamelessFile &found) const;
};

} // namespace roux::data
