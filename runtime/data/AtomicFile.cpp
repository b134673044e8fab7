//===- AtomicFile.cpp - a file that is there whole or not at all ----------===//
//
// A buffer of a megabyte between callers that write a few bytes and the system.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/AtomicFile.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include <cassert>
#include <cerrno>
#include <cstring>

namespace roux::data {

static constexpr size_t bufferBytes = size_t(1) << 20;

AtomicFile::AtomicFile(std::filesystem::path target, size_t headerBytes)
    : path(std::move(target)), temporary(path), hasher(XXH3_createState()) {
  // The process number keeps two runs that write the same plan from sharing one temporary.
  temporary += fmt::format(".{}.tmp", getpid());
  descriptor = open(temporary.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    XXH3_freeState(hasher);
    fail("create");
  }
  XXH3_64bits_reset(hasher);
  buffer.reserve(bufferBytes);
  buffer.assign(headerBytes, std::byte{0});
}

AtomicFile::~AtomicFile() {
  XXH3_freeState(hasher);
  if (descriptor < 0)
    return;
  close(descriptor);
  unlink(temporary.c_str());
}

void AtomicFile::fail(const char *doing) const {
  throw FileError(fmt::format("{}: cannot {} it: {}", path.string(), doing, std::strerror(errno)));
}

/// Writes all of `bytes`; false with errno set otherwise.
static bool writeAll(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return false;
    bytes = bytes.subspan(static_cast<size_t>(done));
  }
  return true;
}

void AtomicFile::flush() {
  if (!writeAll(descriptor, buffer))
    fail("write");
  written += buffer.size();
  buffer.clear();
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  XXH3_64bits_update(hasher, bytes.data(), bytes.size());
  if (bytes.size() >= bufferBytes) {
    flush();
    if (!writeAll(descriptor, bytes))
      fail("write");
    written += bytes.size();
    return;
  }
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
  if (buffer.size() >= bufferBytes)
    flush();
}

void AtomicFile::align() {
  static constexpr std::byte zeros[8] = {};
  write(std::span(zeros).first((8 - size() % 8) % 8));
}

uint64_t AtomicFile::hash() const {
  return XXH3_64bits_digest(hasher);
}

void AtomicFile::commit(std::span<const std::byte> header) {
  flush();
  if (lseek(descriptor, 0, SEEK_SET) < 0 || !writeAll(descriptor, header) || fsync(descriptor) < 0)
    fail("write");
  close(descriptor);
  descriptor = -1;
  if (std::rename(temporary.c_str(), path.c_str()) == 0)
    return;
  int cause = errno;
  unlink(temporary.c_str());
  errno = cause;
  fail("put in place");
}

void writeWhole(const std::filesystem::path &path, std::string_view text) {
  AtomicFile file(path, 0);
  file.write(std::as_bytes(std::span(text)));
  file.commit({});
}

} // namespace roux::data
