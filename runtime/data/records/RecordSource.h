//===- RecordSource.h - the records of one chat(…), text(…), … ------------===//
//
// A source is the files of one definition. Opening it walks every byte once, on
// all threads: each record is validated whole and remembered by its place, so that
// later any record can be read again by number and memory holds places only.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/Ledger.h"
#include "runtime/data/records/Bytes.h"
#include "runtime/data/records/JsonRecord.h"
#include "runtime/data/records/KeyCounts.h"
#include "runtime/data/records/Record.h"

#include <filesystem>
#include <memory>
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
  /// Finds, opens and indexes the files on `threads` threads (0: all). What is skipped and the
  /// layouts that were told go to `ledger`. Throws FileError for a file, RecordError for a record.
  RecordSource(SourceSpec spec, Ledger &ledger, unsigned threads = 0);
  ~RecordSource();
  RecordSource(RecordSource &&) noexcept;

  const SourceSpec &spec() const { return options; }
  uint64_t size() const { return entries.size(); }
  /// The record's number among the lines (or plain files) of all files: bad and blank ones count,
  /// so that mending one does not renumber the rest.
  uint64_t ordinal(uint64_t index) const { return entries[index].ordinal; }
  /// "FILE:LINE", or "FILE" where a file is one record.
  std::string name(uint64_t index) const;
  /// The keys that no layout reads.
  const KeyCounts &keys() const { return counts; }
  /// "FILE:LINE" of the record with this number.
  std::string nameOfOrdinal(uint64_t ordinal) const;
  /// Of all bytes of all files, in order.
  uint64_t contentHash() const { return hash; }

  /// Reads records again; one a thread. Its record is valid until the next one is read.
  class Reader {
  public:
    explicit Reader(const RecordSource &source);
    Record &read(uint64_t index);

  private:
    const RecordSource &source;
    JsonRecordReader json;
    Record document;
    std::unique_ptr<Bytes> open;
    uint32_t openFile = UINT32_MAX;
  };

private:
  struct Entry {
    uint64_t offset;
    uint64_t ordinal;
    uint32_t length;
    uint32_t file;
  };
  struct Piece;
  struct File;

  void indexLines(uint32_t file, Ledger &ledger, unsigned threads);
  void indexDocument(uint32_t file, Ledger &ledger);
  void readPiece(const File &file, uint64_t begin, JsonRecordReader &reader, Piece &piece) const;
  void readLine(const File &file, uint64_t begin, uint64_t end, JsonRecordReader &reader,
                Piece &piece) const;
  void join(uint32_t file, std::vector<Piece> &pieces, Ledger &ledger);
  void report(Ledger &ledger, const std::string &place, const std::string &what) const;

  SourceSpec options;
  std::vector<File> files;
  std::vector<Entry> entries;
  KeyCounts counts;
  uint64_t ordinals = 0; ///< given so far
  uint64_t hash = 0;
};

/// The files that `pattern` names, sorted; `*` and `?` match within a folder's name. Throws
/// FileError when there is none.
std::vector<std::string> findFiles(const std::string &pattern, const std::filesystem::path &folder);

} // namespace roux::data
