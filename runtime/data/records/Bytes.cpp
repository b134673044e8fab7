//===- Bytes.cpp - mapping, and unpacking where mapping is not enough -----===//
//
// The mapping is followed by a page of zeros, since the JSON parser reads a block
// past the end of what it parses.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/Bytes.h"

#include "runtime/data/NamelessFile.h"
#include "runtime/data/records/Decompress.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <span>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace roux::data {

namespace {

/// A descriptor that is closed with its scope.
struct Descriptor {
  int number;
  explicit Descriptor(int number) : number(number) {}
  ~Descriptor() {
    if (number >= 0)
      close(number);
  }
  Descriptor(const Descriptor &) = delete;
};

/// The nameless temporary file that unpacked data go to, with over-long lines cut short.
class Spool {
public:
  Spool(const std::string &path, uint64_t maxLine, std::vector<Elision> &missing)
      : maxLine(maxLine), missing(missing), file(fmt::format("{}: cannot unpack it", path)) {}

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      size_t newline = bytes.find('\n');
      bool ends = newline != std::string_view::npos;
      writeLine(bytes.substr(0, newline), ends);
      bytes.remove_prefix(ends ? newline + 1 : bytes.size());
    }
  }

  int finish() { return file.flush(); }
  uint64_t size() const { return file.size(); }

private:
  void writeLine(std::string_view piece, bool ends) {
    // One byte more than allowed shows the reader that the line is too long.
    uint64_t room = maxLine - std::min(maxLine, line) + (line <= maxLine);
    std::string_view kept = piece.substr(0, std::min<uint64_t>(piece.size(), room));
    put(kept);
    if (uint64_t lost = piece.size() - kept.size()) {
      if (missing.empty() || missing.back().offset != size())
        missing.push_back({size(), missing.empty() ? 0 : missing.back().missing});
      missing.back().missing += lost;
    }
    line = ends ? 0 : line + kept.size();
    if (ends)
      put("\n");
  }
  void put(std::string_view bytes) { file.write(std::as_bytes(std::span(bytes))); }

  uint64_t maxLine, line = 0;
  std::vector<Elision> &missing;
  NamelessFile file;
};

/// Ten seconds are for whoever is started together with this. A writer that is there but slow is
/// waited for, as pipes are made for.
void awaitWriter(int descriptor, const std::string &path) {
  constexpr int longest = 10'000;
  pollfd wait{descriptor, POLLIN, 0};
  int ready;
  do
    ready = poll(&wait, 1, longest);
  while (ready < 0 && errno == EINTR);
  // Without a writer reading ends at once; with one it would block.
  char none;
  if (ready == 0 && read(descriptor, &none, 1) == 0)
    throw FileError(fmt::format("{}: is a pipe that nobody writes to", path));
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
}

/// Text does not shrink to less than a hundredth; what unpacks to more is made to fill a disk.
constexpr uint64_t mostExpansion = 100, freeExpansion = uint64_t(64) << 20;

} // namespace

Bytes::Bytes(const std::filesystem::path &file, uint64_t maxLine, bool keepDamaged)
    : path(file.string()) {
  // A pipe that nobody writes to would be waited for inside open().
  Descriptor input(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (input.number < 0 || fstat(input.number, &status) != 0)
    throw FileError(fmt::format("{}: cannot open: {}", path, std::strerror(errno)));
  if (S_ISDIR(status.st_mode))
    throw FileError(fmt::format("{}: is a folder, expected a file", path));
  if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
    throw FileError(
        fmt::format("{}: is a device, which has no end; expected a file or a pipe", path));
  if (S_ISFIFO(status.st_mode))
    awaitWriter(input.number, path);

  std::vector<char> buffer(1 << 20);
  auto read = [&]() -> std::string_view {
    ssize_t count;
    do
      count = ::read(input.number, buffer.data(), buffer.size());
    while (count < 0 && errno == EINTR);
    if (count < 0)
      throw FileError(fmt::format("{}: cannot read: {}", path, std::strerror(errno)));
    return {buffer.data(), static_cast<size_t>(count)};
  };
  uint64_t packed = 0;
  std::string_view first = read();
  Compression compression = tellCompression(first);
  if (S_ISREG(status.st_mode) && compression == Compression::None) {
    map(input.number, status.st_size);
    return;
  }

  Spool spool(path, maxLine, missing);
  bool isFirst = true;
  uint64_t unpacked = 0;
  try {
    decompress(
        compression,
        [&] {
          std::string_view next = std::exchange(isFirst, false) ? first : read();
          packed += next.size();
          return next;
        },
        [&](std::string_view out) {
          unpacked += out.size();
          if (unpacked > freeExpansion + mostExpansion * packed)
            throw FileError(fmt::format("{}: unpacks to more than {} times its size; unpack it "
                                        "yourself if that is right",
                                        path, mostExpansion));
          spool.write(out);
        });
  } catch (const CompressionError &error) {
    damaged = fmt::format("{}: byte {} of the compressed file: {}", path, error.byte, error.what());
    if (!keepDamaged)
      throw FileError(*damaged);
  }
  map(spool.finish(), spool.size());
}

void Bytes::map(int descriptor, uint64_t bytes) {
  size_t page = sysconf(_SC_PAGESIZE);
  size = bytes;
  mapped = (size + padding + page - 1) / page * page;
  void *base = mmap(nullptr, mapped, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED ||
      (size && mmap(base, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, descriptor, 0) == MAP_FAILED))
    throw FileError(fmt::format("{}: cannot map {} bytes: {}", path, size, std::strerror(errno)));
  data = static_cast<const char *>(base);
  watched = WatchedMapping(base, size, path);
}

Bytes::~Bytes() {
  watched = {};
  if (data)
    munmap(const_cast<char *>(data), mapped);
}

Bytes::Bytes(Bytes &&other) noexcept
    : path(std::move(other.path)), data(std::exchange(other.data, nullptr)), size(other.size),
      mapped(other.mapped), missing(std::move(other.missing)), damaged(std::move(other.damaged)),
      watched(std::move(other.watched)) {}

uint64_t Bytes::originalByte(uint64_t offset) const {
  // Each elision counts the bytes missing up to its end, so the last one before says all.
  auto behind = std::lower_bound(
      missing.begin(), missing.end(), offset,
      [](const Elision &elision, uint64_t place) { return elision.offset < place; });
  return offset + (behind == missing.begin() ? 0 : std::prev(behind)->missing);
}

/// Advice about the pages that lie wholly inside, so that neighbours keep theirs.
static void advise(const char *data, uint64_t begin, uint64_t end, int advice) {
  uint64_t page = sysconf(_SC_PAGESIZE);
  begin = (begin + page - 1) / page * page;
  end = end / page * page;
  if (begin < end)
    madvise(const_cast<char *>(data) + begin, end - begin, advice);
}

void Bytes::willRead(uint64_t begin, uint64_t end) const {
#ifdef MADV_POPULATE_READ
  advise(data, begin, end, MADV_POPULATE_READ);
#else
  advise(data, begin, end, MADV_WILLNEED);
#endif
}

void Bytes::doneReading(uint64_t begin, uint64_t end) const {
  advise(data, begin, end, MADV_DONTNEED);
}

} // namespace roux::data
