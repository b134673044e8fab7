//===- RecordSource.cpp - indexing files in parallel ----------------------===//
//
// Files are cut into pieces of fixed size whatever the number of threads; a piece
// owns the lines that begin in it. So the index, the ledger, the first error and
// the hash are the same on every machine.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/RecordSource.h"

#include "runtime/data/records/Parallel.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <glob.h>
#include <simdjson.h>
#include <xxhash.h>

namespace roux::data {

static constexpr uint64_t pieceBytes = 4 << 20;

struct RecordSource::File {
  std::string path;
  bool lines;                   ///< JSON Lines; else one document
  std::shared_ptr<Bytes> bytes; ///< of documents only while they are read
  uint64_t firstOrdinal = 0;
};

/// What one piece of a file holds. Ordinals count from the piece's first line.
struct RecordSource::Piece {
  struct Problem {
    uint64_t ordinal;
    RecordProblem problem; ///< byte of the file, decompressed
  };
  std::vector<Entry> entries;
  std::vector<Problem> problems;
  uint64_t lines = 0;
  uint64_t layouts[layoutCount] = {};
  KeyCounts keys;
  uint64_t hash = 0;
};

RecordSource::~RecordSource() = default;
RecordSource::RecordSource(RecordSource &&) noexcept = default;

/// `text` as a pattern of glob() in which `characters` stand for themselves.
static std::string escape(std::string_view text, std::string_view characters) {
  std::string escaped;
  for (char c : text) {
    if (characters.find(c) != characters.npos)
      escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::vector<std::string> findFiles(const std::string &pattern,
                                   const std::filesystem::path &folder) {
  std::filesystem::path full = folder / pattern;
  if (std::filesystem::exists(full)) // a name is a name, whatever is in it
    return {full.string()};
  // Only what the recipe writes is a pattern, and of that only `*` and `?`.
  bool isWhole = std::filesystem::path(pattern).is_absolute();
  std::string escaped =
      isWhole ? escape(pattern, "[]\\")
              : (std::filesystem::path(escape(folder.string(), "[]*?\\")) / escape(pattern, "[]\\"))
                    .string();
  glob_t found{};
  int status = ::glob(escaped.c_str(), 0, nullptr, &found);
  std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  if (status == GLOB_NOSPACE)
    throw std::bad_alloc();
  if (paths.empty())
    throw FileError(fmt::format("{}: no such file", full.string()));
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// True if the name says JSON Lines, compressed or not.
static bool isJsonName(std::string path) {
  for (std::string_view suffix : {".gz", ".zst"})
    if (path.ends_with(suffix))
      path.resize(path.size() - suffix.size());
  return path.ends_with(".jsonl") || path.ends_with(".json") || path.ends_with(".ndjson");
}

RecordSource::RecordSource(SourceSpec spec, Ledger &ledger, unsigned threads)
    : options(std::move(spec)) {
  options.maxRecord = std::min<uint64_t>(options.maxRecord, UINT32_MAX - Bytes::padding);
  for (std::string &path : findFiles(options.files, options.folder)) {
    bool lines = options.kind != SourceKind::Text || isJsonName(path);
    files.push_back({std::move(path), lines, nullptr});
  }
  for (uint32_t file = 0; file < files.size(); ++file) {
    files[file].firstOrdinal = ordinals;
    if (files[file].lines)
      indexLines(file, ledger, threads);
    else
      indexDocument(file, ledger);
  }
}

void RecordSource::report(Ledger &ledger, const std::string &place, const std::string &what) const {
  std::string message = fmt::format("{}: {}", place, what);
  if (options.onError == OnError::Stop)
    throw RecordError(message);
  ledger.add(Fate::Malformed, fmt::format("{}: on_error: skip", options.name), 1, 0, 0, message);
}

void RecordSource::indexDocument(uint32_t file, Ledger &ledger) {
  Bytes bytes(files[file].path, options.maxRecord, options.onError == OnError::Skip);
  std::string_view view = bytes.view();
  hash = XXH3_64bits_withSeed(view.data(), view.size(), hash);
  uint64_t ordinal = ordinals++;
  if (bytes.damage())
    return report(ledger, files[file].path, *bytes.damage());
  if (view.size() > options.maxRecord)
    return report(
        ledger, files[file].path,
        fmt::format("the record is longer than max_record ({} bytes)", options.maxRecord));
  if (!simdjson::validate_utf8(view.data(), view.size()))
    return report(ledger, files[file].path, "the bytes are no UTF-8");
  entries.push_back({0, ordinal, static_cast<uint32_t>(view.size()), file});
}

void RecordSource::indexLines(uint32_t file, Ledger &ledger, unsigned threads) {
  File &each = files[file];
  each.bytes =
      std::make_shared<Bytes>(each.path, options.maxRecord, options.onError == OnError::Skip);
  uint64_t size = each.bytes->view().size();
  std::vector<Piece> pieces((size + pieceBytes - 1) / pieceBytes);
  std::vector<JsonRecordReader> readers; // their buffers are large: one a thread, not one a piece
  for (unsigned thread = 0; thread < countThreads(threads); ++thread)
    readers.emplace_back(options.kind, options.layout);
  try {
    inParallel(pieces.size(), threads, [&](size_t number, unsigned thread) {
      readPiece(each, number * pieceBytes, readers[thread], pieces[number]);
    });
  } catch (const Piece::Problem &) {
    // It ended its piece; join() comes to it after the lines before it and reports it.
  }
  join(file, pieces, ledger);
}

void RecordSource::readPiece(const File &file, uint64_t begin, JsonRecordReader &reader,
                             Piece &piece) const {
  std::string_view all = file.bytes->view();
  uint64_t end = std::min<uint64_t>(begin + pieceBytes, all.size());
  file.bytes->willRead(begin, end);
  piece.hash = XXH3_64bits(all.data() + begin, end - begin);
  uint64_t line = begin;
  if (begin == 0 && all.starts_with("\xEF\xBB\xBF")) {
    line = 3; // a byte order mark, as Windows writes it
  } else if (begin > 0 && all[begin - 1] != '\n') {
    auto *newline = static_cast<const char *>(std::memchr(all.data() + begin, '\n', end - begin));
    line = newline ? newline - all.data() + 1 : end;
  }
  while (line < end) {
    auto *newline =
        static_cast<const char *>(std::memchr(all.data() + line, '\n', all.size() - line));
    uint64_t stop = newline ? newline - all.data() : all.size();
    readLine(file, line, stop, reader, piece);
    ++piece.lines;
    line = stop + 1;
  }
  file.bytes->doneReading(begin, end);
}

void RecordSource::readLine(const File &file, uint64_t begin, uint64_t end,
                            JsonRecordReader &reader, Piece &piece) const {
  std::string_view line = file.bytes->view().substr(begin, end - begin);
  if (line.find_first_not_of(" \t\r") == std::string_view::npos)
    return;
  try {
    if (line.size() > options.maxRecord)
      throw RecordProblem{
          0, fmt::format("the record is longer than max_record ({} bytes)", options.maxRecord)};
    const Record &record = reader.read(line);
    ++piece.layouts[static_cast<size_t>(record.layout)];
    piece.keys.count(record, piece.lines);
    piece.entries.push_back({begin, piece.lines, static_cast<uint32_t>(line.size()), 0});
  } catch (RecordProblem &problem) {
    problem.byte = file.bytes->originalByte(begin + problem.byte);
    piece.problems.push_back({piece.lines, std::move(problem)});
    if (options.onError == OnError::Stop)
      throw piece.problems.back();
  }
}

void RecordSource::join(uint32_t file, std::vector<Piece> &pieces, Ledger &ledger) {
  File &each = files[file];
  uint64_t layouts[layoutCount] = {};
  for (Piece &piece : pieces) {
    hash = XXH3_64bits_withSeed(&piece.hash, sizeof piece.hash, hash);
    for (Entry &entry : piece.entries) {
      entry.ordinal += ordinals;
      entry.file = file;
    }
    entries.insert(entries.end(), piece.entries.begin(), piece.entries.end());
    for (const Piece::Problem &problem : piece.problems)
      report(ledger,
             fmt::format("{}:{}: byte {}", each.path,
                         ordinals - each.firstOrdinal + problem.ordinal + 1, problem.problem.byte),
             problem.problem.what);
    for (size_t i = 0; i < layoutCount; ++i)
      layouts[i] += piece.layouts[i];
    counts.merge(piece.keys, ordinals);
    ordinals += piece.lines;
  }
  if (each.bytes->damage())
    report(ledger, each.path, *each.bytes->damage());
  for (size_t i = 0; i < layoutCount; ++i)
    if (layouts[i])
      ledger.add(Fate::Noted,
                 fmt::format("{}: layout {}", options.name, spelling(static_cast<Layout>(i))),
                 layouts[i], 0, 0, each.path);
}

std::string RecordSource::name(uint64_t index) const {
  const Entry &entry = entries[index];
  const File &file = files[entry.file];
  return file.lines ? fmt::format("{}:{}", file.path, entry.ordinal - file.firstOrdinal + 1)
                    : file.path;
}

std::string RecordSource::nameOfOrdinal(uint64_t ordinal) const {
  auto behind =
      std::upper_bound(files.begin(), files.end(), ordinal,
                       [](uint64_t value, const File &file) { return value < file.firstOrdinal; });
  const File &file = *std::prev(behind);
  return file.lines ? fmt::format("{}:{}", file.path, ordinal - file.firstOrdinal + 1) : file.path;
}

RecordSource::Reader::Reader(const RecordSource &source)
    : source(source), json(source.options.kind, source.options.layout) {}

Record &RecordSource::Reader::read(uint64_t index) {
  const Entry &entry = source.entries[index];
  const File &file = source.files[entry.file];
  if (file.lines) {
    try {
      Record &record = json.read(file.bytes->view().substr(entry.offset, entry.length));
      record.ordinal = entry.ordinal;
      return record;
    } catch (const RecordProblem &problem) { // good when it was indexed
      throw FileError(
          fmt::format("{}: changed while it was being read: {}", source.name(index), problem.what));
    }
  }
  if (openFile != entry.file)
    open = std::make_unique<Bytes>(file.path);
  openFile = entry.file;
  if (open->view().size() != entry.length)
    throw FileError(fmt::format("{}: changed while it was being read", file.path));
  document.clear();
  document.ordinal = entry.ordinal;
  document.layout = Layout::Text;
  document.document = open->view();
  return document;
}

} // namespace roux::data
