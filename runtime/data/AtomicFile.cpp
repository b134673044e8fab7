//===- AtomicFile.cpp - a file that is there whole or not at all ----------===//
//
// A buffer of a megabyte between callers that write a few bytes and the system.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/AtomicFile.h"

#include "runtime/data/AtomicFolder.h"
#include "runtime/data/LostBytes.h"
#include "runtime/data/Temporary.h"

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
    : path(std::move(target)), temporary(temporaryFor(path)),
      hasher(XXH3_createState(), [](XXH3_state_s *state) { XXH3_freeState(state); }) {
  std::error_code unknown;
  std::filesystem::file_status status = std::filesystem::symlink_status(path, unknown);
  // A device, a pipe or a folder would be replaced by the rename.
  if (exists(status) && !is_regular_file(status) && !is_symlink(status))
    throw FileError(fmt::format("{}: is no plain file, so it is not replaced", path.string()));
  descriptor = open(temporary.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
  if (descriptor < 0)
    fail("create");
  XXH3_64bits_reset(hasher.get());
  buffer.reserve(bufferBytes);
  buffer.assign(headerBytes, std::byte{0});
}

AtomicFile::~AtomicFile() {
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
  XXH3_64bits_update(hasher.get(), bytes.data(), bytes.size());
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
  return XXH3_64bits_digest(hasher.get());
}

void AtomicFile::commit(std::span<const std::byte> header) {
  refuseLostBytes();
  flush();
  if (lseek(descriptor, 0, SEEK_SET) < 0 || !writeAll(descriptor, header) || fsync(descriptor) < 0)
    fail("write");
  bool closed = close(descriptor) == 0;
  descriptor = -1;
  if (closed && std::rename(temporary.c_str(), path.c_str()) == 0)
    return syncFolder(std::filesystem::absolute(path).parent_path());
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
