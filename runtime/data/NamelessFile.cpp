//===- NamelessFile.cpp - bytes that wait on disk -------------------------===//
//
// tmpfile() would do, but it always takes /tmp, which often is memory.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/NamelessFile.h"

#include "runtime/data/AtomicFile.h"
#include "runtime/data/FileError.h"
#include "runtime/data/Temporary.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace roux::data {

static constexpr size_t bufferBytes = size_t(1) << 16;

static int openNameless(const std::filesystem::path &folder) {
  int descriptor = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0)
    return descriptor;
  // Network file systems have no such files.
  std::filesystem::path name = temporaryFor(folder / "waiting");
  descriptor = open(name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0)
    unlink(name.c_str());
  return descriptor;
}

NamelessFile::NamelessFile(std::string problem, const std::filesystem::path &folder)
    : problem(std::move(problem)) {
  if (!folder.empty())
    descriptor = openNameless(folder);
  const char *other = std::getenv("TMPDIR");
  if (descriptor < 0)
    descriptor = openNameless(other && *other ? other : "/tmp");
  if (descriptor < 0)
    fail();
}

NamelessFile::~NamelessFile() {
  if (descriptor >= 0)
    close(descriptor);
}

NamelessFile::NamelessFile(NamelessFile &&other) noexcept
    : problem(std::move(other.problem)), descriptor(std::exchange(other.descriptor, -1)),
      written(other.written), buffer(std::move(other.buffer)) {}

void NamelessFile::fail() const {
  throw FileError(fmt::format("{}: a temporary file: {}", problem, std::strerror(errno)));
}

void NamelessFile::write(std::span<const std::byte> bytes) {
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
  if (buffer.size() >= bufferBytes)
    flush();
}

int NamelessFile::flush() {
  for (size_t done = 0; done < buffer.size();) {
    ssize_t count = ::write(descriptor, buffer.data() + done, buffer.size() - done);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      fail();
    done += static_cast<size_t>(count);
  }
  written += buffer.size();
  buffer.clear();
  return descriptor;
}

void NamelessFile::read(uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty() && offset < written) {
    size_t most = std::min<uint64_t>(bytes.size(), written - offset);
    ssize_t count = pread(descriptor, bytes.data(), most, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      fail();
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
  std::copy_n(buffer.begin() + static_cast<ptrdiff_t>(offset - written), bytes.size(),
              bytes.begin());
}

void NamelessFile::copyTo(AtomicFile &target) const {
  std::vector<std::byte> block(bufferBytes);
  for (uint64_t at = 0; at < written; at += block.size()) {
    auto part = std::span(block).first(std::min<uint64_t>(block.size(), written - at));
    read(at, part);
    target.write(part);
  }
  target.write(buffer);
}

} // namespace roux::data
