//===- RecordSource.h - the records of one chat(…), text(…), … ------------===//
//
// A source is the files of one definition. Indexing it walks every byte once,
// on all threads: each record is validated whole and remembered by its place,
// so that later any record can be read again by number and memory holds places
// only.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/Ledger.h"
#include "runtime/data/records/Bytes.h"
#include "runtime/data/records/JsonRecord.h"
#include "runtime/data/records/Record.h"
#include "runtime/data/records/RecordIndex.h"

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace roux::data {

enum class OnError : uint8_t { Stop, Skip };
/// Special tokens around the text of a record.
enum class Ends : uint8_t { None, Bos, Eos, Both };

/// A source as the recipe writes it.
struct SourceSpec {
  std::string name; ///< of the definition: what `source` means
  SourceKind kind = SourceKind::Chat;
  std::string files;            ///< a path or a pattern with `*` and `?`
  std::filesystem::path folder; ///< what relative paths start from
  Ends ends = Ends::None;       ///< completion and text
  Layout layout = Layout::Auto;
  OnError onError = OnError::Stop;
  uint64_t maxRecord = uint64_t(1) << 30; ///< bytes; at most 4 GiB
};

class RecordSource {
public:
  /// Finds the files and, unless `indexes` (a folder; empty: none) has an index
  /// that was made of them as they are, opens and indexes them on `threads`
  /// threads (0: all). What is skipped and the layouts that were told go to
  /// `ledger`. Throws FileError for a file, RecordError for a record.
  RecordSource(SourceSpec spec, Ledger &ledger, unsigned threads = 0,
               const std::filesystem::path &indexes = {});
  ~RecordSource();

  const SourceSpec &spec() const { return options; }
  uint64_t size() const { return index.entries.size(); }
  /// The record's number among the lines (or plain files) of all files: bad and blank ones count,
  /// so that mending one does not renumber the rest.
  uint64_t ordinal(uint64_t number) const {
    return fileOf(number).firstOrdinal + index.entries[number].line;
  }
  /// "FILE:LINE", or "FILE" where a file is one record.
  std::string name(uint64_t number) const;
  /// The keys that no layout reads.
  const KeyCounts &keys() const { return index.keys; }
  /// "FILE:LINE" of the record with this number.
  std::string nameOfOrdinal(uint64_t ordinal) const;
  /// Throws FileError where a file is not as it was when it was indexed: to be called after records
  /// have been read, since what they are written to is named after the index's hash.
  void checkUnchanged() const;
  /// Why files were read that had been read before, and why they will be again.
  const std::vector<std::string> &notes() const { return said; }
  /// Of all bytes of all files, in order.
  uint64_t contentHash() const { return index.hash; }
  /// What was skipped, and the layouts that were told.
  const Ledger &losses() const { return index.losses; }

  /// Reads records again; one a thread. Its record is valid until the next one is read.
  class Reader {
  public:
    explicit Reader(const RecordSource &source);
    Record &read(uint64_t number);

  private:
    const RecordSource &source;
    JsonRecordReader json;
    Record document;
    std::shared_ptr<const Bytes> open;
    const RecordIndex::File *openFile = nullptr;
  };

private:
  struct Piece;
  struct Joined;

  void findRecords(unsigned threads, const std::filesystem::path &kept);
  void keep(const std::filesystem::path &kept, const NamelessFile &found);
  void indexLines(uint32_t file, unsigned threads, NamelessFile &found);
  void indexDocument(uint32_t file, NamelessFile &found);
  void readPiece(const Bytes &bytes, uint64_t begin, JsonRecordReader &reader, Piece &piece) const;
  void readLine(const Bytes &bytes, uint64_t begin, uint64_t end, JsonRecordReader &reader,
                Piece &piece) const;
  void join(Piece piece, Joined &joined);
  void report(const std::string &place, const std::string &what);
  const RecordIndex::File &fileOf(uint64_t number) const;
  /// The bytes of a file of lines, opened when they are first asked for.
  std::shared_ptr<const Bytes> bytesOf(const RecordIndex::File &file) const;

  SourceSpec options;
  RecordIndex index;
  bool settled = true; ///< FileState::settled of all files
  std::vector<std::string> said;
  mutable std::mutex mutex;
  mutable std::vector<std::shared_ptr<const Bytes>> opened; ///< by file
};

/// The files that `pattern` names, sorted; `*` and `?` match within a folder's name. Throws
/// FileError when there is none.
std::vector<std::string> findFiles(const std::string &pattern, const std::filesystem::path &folder);

} // namespace roux::data
