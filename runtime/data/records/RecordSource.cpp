//===- RecordSource.cpp - indexing files in parallel ----------------------===//
//
// Files are cut into pieces of fixed size whatever the number of threads; a piece
// owns the lines that begin in it. So the index, the ledger, the first error and
// the hash are the same on every machine.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/RecordSource.h"

#include "runtime/data/FileState.h"
#include "runtime/data/records/Parallel.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <glob.h>
#include <simdjson.h>
#include <span>
#include <utility>
#include <xxhash.h>

namespace roux::data {

static constexpr uint64_t pieceBytes = 4 << 20;

/// What one piece of a file holds. Lines count from the piece's first.
struct RecordSource::Piece {
  struct Problem {
    uint64_t line;
    RecordProblem problem; ///< byte of the file, decompressed
  };
  std::vector<RecordEntry> entries;
  std::vector<Problem> problems;
  uint64_t lines = 0;
  uint64_t layouts[layoutCount] = {};
  KeyCounts keys;
  uint64_t hash = 0;
};

/// What the pieces of a file have been so far.
struct RecordSource::Joined {
  const std::string &path;
  NamelessFile &found;
  uint64_t lines = 0;
  uint64_t layouts[layoutCount] = {};
};

RecordSource::~RecordSource() = default;

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

/// Rises when the same files give another index.
static constexpr int indexFormat = 2;

RecordSource::RecordSource(SourceSpec spec, Ledger &ledger, unsigned threads,
                           const std::filesystem::path &indexes)
    : options(std::move(spec)) {
  options.maxRecord = std::min<uint64_t>(options.maxRecord, UINT32_MAX - Bytes::padding);
  index.rules = fmt::format("{} {} kind {} layout {} on_error {} max_record {}", indexFormat,
                            options.name, static_cast<int>(options.kind), spelling(options.layout),
                            static_cast<int>(options.onError), options.maxRecord);
  for (std::string &path : findFiles(options.files, options.folder)) {
    bool lines = options.kind != SourceKind::Text || isJsonName(path);
    FileState state = stateOf(path);
    settled &= state.settled;
    index.files.push_back({std::move(path), std::move(state.text), lines, 0, 0});
  }
  opened.resize(index.files.size());
  bool known = std::ranges::none_of(
      index.files, [](const RecordIndex::File &file) { return file.state.empty(); });
  std::string key = fmt::format("{}\n{}\n{}", options.name, options.folder.string(), options.files);
  std::filesystem::path kept;
  if (known && !indexes.empty())
    kept = indexes / fmt::format("records-{:016x}.index", XXH3_64bits(key.data(), key.size()));
  std::string why;
  if (kept.empty() || !index.read(kept, why)) {
    if (!why.empty())
      said.push_back(fmt::format("reading {} again: {}", options.name, why));
    findRecords(threads, kept);
  }
  ledger.merge(index.losses);
}

void RecordSource::findRecords(unsigned threads, const std::filesystem::path &kept) {
  NamelessFile found(fmt::format("the records of {} cannot be listed", options.name),
                     kept.parent_path());
  for (uint32_t file = 0; file < index.files.size(); ++file) {
    index.files[file].firstOrdinal = index.ordinals;
    index.files[file].firstEntry = found.size() / sizeof(RecordEntry);
    if (index.files[file].lines)
      indexLines(file, threads, found);
    else
      indexDocument(file, found);
  }
  checkUnchanged();
  keep(kept, found);
  if (index.entries.empty() && found.size() > 0) {
    index.storage = std::make_shared<const MappedFile>(found.flush(), options.name);
    index.entries =
        index.storage->section<RecordEntry>(0, found.size() / sizeof(RecordEntry), "its records");
  }
}

/// Writes the index to `kept`, unless a file might have changed without another state.
void RecordSource::keep(const std::filesystem::path &kept, const NamelessFile &found) {
  if (kept.empty() || !settled)
    return;
  try {
    std::filesystem::create_directories(kept.parent_path());
    index.write(kept, found);
    RecordIndex written = index;
    if (std::string why; written.read(kept, why))
      index = std::move(written);
  } catch (const std::exception &error) { // it only saves time
    said.push_back(fmt::format("note: {} will be read whole each time, as its index cannot be "
                               "kept: {}",
                               options.name, error.what()));
  }
}

void RecordSource::checkUnchanged() const {
  for (const RecordIndex::File &file : index.files)
    if (!file.state.empty() && stateOf(file.path).text != file.state)
      throw FileError(fmt::format("{}: changed while it was being read; start again", file.path));
}

void RecordSource::report(const std::string &place, const std::string &what) {
  std::string message = fmt::format("{}: {}", place, what);
  if (options.onError == OnError::Stop)
    throw RecordError(message);
  index.losses.add(Fate::Malformed, fmt::format("{}: on_error: skip", options.name), 1, 0, 0,
                   message);
}

void RecordSource::indexDocument(uint32_t file, NamelessFile &found) {
  const std::string &path = index.files[file].path;
  Bytes bytes(path, options.maxRecord, options.onError == OnError::Skip);
  std::string_view view = bytes.view();
  index.hash = XXH3_64bits_withSeed(view.data(), view.size(), index.hash);
  ++index.ordinals;
  if (bytes.damage())
    return report(path, *bytes.damage());
  if (view.size() > options.maxRecord)
    return report(
        path, fmt::format("the record is longer than max_record ({} bytes)", options.maxRecord));
  if (!simdjson::validate_utf8(view.data(), view.size()))
    return report(path, "the bytes are no UTF-8");
  found.add(RecordEntry{0, static_cast<uint32_t>(view.size()), 0});
}

void RecordSource::indexLines(uint32_t file, unsigned threads, NamelessFile &found) {
  auto bytes = std::make_shared<const Bytes>(index.files[file].path, options.maxRecord,
                                             options.onError == OnError::Skip);
  opened[file] = bytes;
  uint64_t size = bytes->view().size();
  std::vector<Piece> pieces((size + pieceBytes - 1) / pieceBytes);
  std::vector<JsonRecordReader> readers; // their buffers are large: one a thread, not one a piece
  for (unsigned thread = 0; thread < countThreads(threads); ++thread)
    readers.emplace_back(options.kind, options.layout);
  Joined joined{index.files[file].path, found};
  auto read = [&](size_t number, unsigned thread) {
    try {
      readPiece(*bytes, number * pieceBytes, readers[thread], pieces[number]);
    } catch (const Piece::Problem &) {
      // It ended its piece; join() comes to it after the lines before it and reports it.
    }
  };
  inOrder(pieces.size(), threads, 4, read,
          [&](size_t number) { join(std::exchange(pieces[number], Piece()), joined); });
  if (bytes->damage())
    report(joined.path, *bytes->damage());
  for (size_t i = 0; i < layoutCount; ++i)
    if (joined.layouts[i])
      index.losses.add(Fate::Noted,
                       fmt::format("{}: layout {}", options.name, spelling(static_cast<Layout>(i))),
                       joined.layouts[i], 0, 0, joined.path);
}

void RecordSource::readPiece(const Bytes &bytes, uint64_t begin, JsonRecordReader &reader,
                             Piece &piece) const {
  std::string_view all = bytes.view();
  uint64_t end = std::min<uint64_t>(begin + pieceBytes, all.size());
  bytes.willRead(begin, end);
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
    readLine(bytes, line, stop, reader, piece);
    ++piece.lines;
    line = stop + 1;
  }
  bytes.doneReading(begin, end);
}

void RecordSource::readLine(const Bytes &bytes, uint64_t begin, uint64_t end,
                            JsonRecordReader &reader, Piece &piece) const {
  std::string_view line = bytes.view().substr(begin, end - begin);
  if (line.find_first_not_of(" \t\r") == std::string_view::npos)
    return;
  try {
    if (line.size() > options.maxRecord)
      throw RecordProblem{
          0, fmt::format("the record is longer than max_record ({} bytes)", options.maxRecord)};
    const Record &record = reader.read(line);
    ++piece.layouts[static_cast<size_t>(record.layout)];
    piece.keys.count(record, piece.lines);
    piece.entries.push_back(
        {begin, static_cast<uint32_t>(line.size()), static_cast<uint32_t>(piece.lines)});
  } catch (RecordProblem &problem) {
    problem.byte = bytes.originalByte(begin + problem.byte);
    piece.problems.push_back({piece.lines, std::move(problem)});
    if (options.onError == OnError::Stop)
      throw piece.problems.back();
  }
}

void RecordSource::join(Piece piece, Joined &joined) {
  index.hash = XXH3_64bits_withSeed(&piece.hash, sizeof piece.hash, index.hash);
  if (joined.lines + piece.lines > UINT32_MAX)
    throw FileError(fmt::format("{}: has more than 4294967295 lines", joined.path));
  for (RecordEntry &entry : piece.entries)
    entry.line += static_cast<uint32_t>(joined.lines);
  joined.found.write(std::as_bytes(std::span(piece.entries)));
  for (const Piece::Problem &problem : piece.problems)
    report(fmt::format("{}:{}: byte {}", joined.path, joined.lines + problem.line + 1,
                       problem.problem.byte),
           problem.problem.what);
  for (size_t i = 0; i < layoutCount; ++i)
    joined.layouts[i] += piece.layouts[i];
  index.keys.merge(piece.keys, index.ordinals);
  joined.lines += piece.lines;
  index.ordinals += piece.lines;
}

const RecordIndex::File &RecordSource::fileOf(uint64_t number) const {
  auto behind = std::upper_bound(
      index.files.begin(), index.files.end(), number,
      [](uint64_t value, const RecordIndex::File &file) { return value < file.firstEntry; });
  return *std::prev(behind);
}

std::shared_ptr<const Bytes> RecordSource::bytesOf(const RecordIndex::File &file) const {
  std::lock_guard lock(mutex);
  std::shared_ptr<const Bytes> &bytes = opened[static_cast<size_t>(&file - index.files.data())];
  if (bytes)
    return bytes;
  if (stateOf(file.path).text != file.state)
    throw FileError(fmt::format("{}: changed since it was indexed; start again", file.path));
  bytes =
      std::make_shared<const Bytes>(file.path, options.maxRecord, options.onError == OnError::Skip);
  return bytes;
}

/// "FILE:LINE", or "FILE" where a file is one record.
static std::string placeOf(const RecordIndex::File &file, uint64_t line) {
  return file.lines ? fmt::format("{}:{}", file.path, line + 1) : file.path;
}

std::string RecordSource::name(uint64_t number) const {
  return placeOf(fileOf(number), index.entries[number].line);
}

std::string RecordSource::nameOfOrdinal(uint64_t ordinal) const {
  auto behind = std::upper_bound(
      index.files.begin(), index.files.end(), ordinal,
      [](uint64_t value, const RecordIndex::File &file) { return value < file.firstOrdinal; });
  const RecordIndex::File &file = *std::prev(behind);
  return placeOf(file, ordinal - file.firstOrdinal);
}

RecordSource::Reader::Reader(const RecordSource &source)
    : source(source), json(source.options.kind, source.options.layout) {}

Record &RecordSource::Reader::read(uint64_t number) {
  const RecordEntry &entry = source.index.entries[number];
  const RecordIndex::File &file = source.fileOf(number);
  if (openFile != &file)
    open = file.lines ? source.bytesOf(file) : std::make_shared<const Bytes>(file.path);
  openFile = &file;
  uint64_t ordinal = source.ordinal(number);
  if (file.lines) {
    try {
      Record &record = json.read(open->view().substr(entry.offset, entry.length));
      record.ordinal = ordinal;
      return record;
    } catch (const RecordProblem &problem) { // good when it was indexed
      throw FileError(fmt::format("{}: changed while it was being read: {}", source.name(number),
                                  problem.what));
    }
  }
  if (open->view().size() != entry.length)
    throw FileError(fmt::format("{}: changed while it was being read", file.path));
  document.clear();
  document.ordinal = ordinal;
  document.layout = Layout::Text;
  document.document = open->view();
  return document;
}

} // namespace roux::data
