//===- ScoreFile.cpp - scores kept record by record -----------------------===//
//
// A header that says how many records there are, then frames: sizes, checksum, key
// and values, each frame a multiple of eight bytes, so that values are used as they
// lie in the mapped file.
//
//===----------------------------------------------------------------------===//
#include "runtime/score/ScoreFile.h"

#include "runtime/data/MappedFile.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <functional>
#include <unistd.h>
#include <xxhash.h>

namespace roux::score {

namespace {

struct Header {
  char magic[6] = {'R', 'U', 'X', 'S', 'C', 'R'};
  char format[2] = {'0' + scoreFormat / 10, '0' + scoreFormat % 10};
  uint64_t records = 0;
};

struct Frame {
  uint64_t checksum = 0; ///< XXH3 of all that follows in the frame
  uint64_t key = 0;
  uint32_t numbers = 0, spans = 0, tokens = 0, reserved = 0;

  uint64_t valueBytes() const {
    return uint64_t(numbers) * sizeof(double) + uint64_t(spans) * sizeof(data::TokenRange) +
           (uint64_t(tokens) * sizeof(float) + 7) / 8 * 8;
  }
};
static_assert(sizeof(Frame) == 32);

using Visit = std::function<void(const Frame &, const std::byte *values)>;

/// Calls `visit` for each frame that is whole; where the first that is not begins.
uint64_t visitFrames(std::span<const std::byte> bytes, const Visit &visit) {
  uint64_t at = sizeof(Header);
  while (bytes.size() - at >= sizeof(Frame)) {
    Frame frame;
    std::memcpy(&frame, bytes.data() + at, sizeof frame);
    uint64_t size = sizeof(Frame) + frame.valueBytes();
    if (size > bytes.size() - at || XXH3_64bits(bytes.data() + at + 8, size - 8) != frame.checksum)
      break;
    visit(frame, bytes.data() + at + sizeof(Frame));
    at += size;
  }
  return at;
}

/// Throws FileError unless `bytes` begin as a file of scores does.
Header headerOf(const std::filesystem::path &path, std::span<const std::byte> bytes) {
  Header header;
  if (bytes.size() >= sizeof header)
    std::memcpy(&header, bytes.data(), sizeof header);
  Header right;
  if (bytes.size() < sizeof header ||
      std::memcmp(header.magic, right.magic, sizeof right.magic) != 0)
    throw data::FileError(
        fmt::format("{}: is no file of scores; delete it, and its scores are asked "
                    "for again",
                    path.string()));
  if (std::memcmp(header.format, right.format, sizeof right.format) != 0)
    throw data::FileError(
        fmt::format("{}: has format {}, this build reads {:02}; delete it, and its "
                    "scores are asked for again",
                    path.string(), std::string_view(header.format, 2), scoreFormat));
  return header;
}

[[noreturn]] void fail(const std::filesystem::path &path) {
  throw data::FileError(
      fmt::format("{}: cannot write it: {}", path.string(), std::strerror(errno)));
}

void writeAll(const std::filesystem::path &path, int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      fail(path);
    bytes.remove_prefix(static_cast<size_t>(done));
  }
}

template <typename T>
std::string_view bytesOf(std::span<const T> values) {
  return {reinterpret_cast<const char *>(values.data()), values.size_bytes()};
}

} // namespace

ScoreFile::ScoreFile(std::filesystem::path file, uint64_t records) : path(std::move(file)) {
  uint64_t whole = 0;
  if (std::filesystem::exists(path) && std::filesystem::file_size(path) >= sizeof(Header)) {
    data::MappedFile found(path);
    if (headerOf(path, found.bytes()).records == records)
      whole = visitFrames(found.bytes(),
                          [&](const Frame &frame, const std::byte *) { keys.insert(frame.key); });
  }
  descriptor = open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor < 0 || ftruncate(descriptor, static_cast<off_t>(whole)) != 0)
    fail(path);
  if (whole == 0) {
    Header header{.records = records};
    writeAll(path, descriptor, bytesOf(std::span<const Header>(&header, 1)));
  }
}

ScoreFile::~ScoreFile() {
  if (descriptor >= 0)
    close(descriptor);
}

void ScoreFile::append(const NewScore &score) {
  Frame frame{.key = score.key,
              .numbers = static_cast<uint32_t>(score.numbers.size()),
              .spans = static_cast<uint32_t>(score.spans.size()),
              .tokens = static_cast<uint32_t>(score.tokens.size())};
  std::string bytes(bytesOf(std::span<const Frame>(&frame, 1)));
  bytes += bytesOf(std::span<const double>(score.numbers));
  bytes += bytesOf(std::span<const data::TokenRange>(score.spans));
  bytes += bytesOf(std::span<const float>(score.tokens));
  bytes.resize(sizeof(Frame) + frame.valueBytes());
  uint64_t checksum = XXH3_64bits(bytes.data() + 8, bytes.size() - 8);
  std::memcpy(bytes.data(), &checksum, sizeof checksum);
  writeAll(path, descriptor, bytes);
  keys.insert(score.key);
}

std::shared_ptr<data::ScoreTable> readScores(const std::filesystem::path &path) {
  // Shorter than its header: whoever began it was killed.
  if (!std::filesystem::exists(path) || std::filesystem::file_size(path) < sizeof(Header))
    return nullptr;
  auto file = std::make_shared<data::MappedFile>(path);
  Header header = headerOf(path, file->bytes());
  auto table = std::make_shared<data::ScoreTable>();
  uint64_t end = visitFrames(file->bytes(), [&](const Frame &frame, const std::byte *values) {
    const auto *numbers = reinterpret_cast<const double *>(values);
    const auto *spans = reinterpret_cast<const data::TokenRange *>(numbers + frame.numbers);
    const auto *tokens = reinterpret_cast<const float *>(spans + frame.spans);
    table->records[frame.key] = {
        {numbers, frame.numbers}, {spans, frame.spans}, {tokens, frame.tokens}};
  });
  table->owner = file;
  // Of no records nobody keeps scores, and behind the last one nothing is written: a header that
  // says so was damaged.
  bool isWhole =
      header.records > 0 && table->records.size() == header.records && end == file->bytes().size();
  return isWhole ? table : nullptr;
}

} // namespace roux::score
