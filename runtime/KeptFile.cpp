//===- KeptFile.cpp - what was made once, kept on disk --------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/KeptFile.h"

#include "runtime/KeptRoom.h"
#include "runtime/Seal.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace roux {

std::string digestOf(std::string_view text) {
  XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

/// All that is behind `descriptor`; less where it cannot be read.
static std::string contentsOf(int descriptor) {
  std::string bytes;
  struct stat about{};
  if (fstat(descriptor, &about) != 0)
    return bytes;
  bytes.resize(about.st_size);
  size_t have = 0;
  while (have < bytes.size()) {
    ssize_t count = read(descriptor, bytes.data() + have, bytes.size() - have);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      break;
    have += count;
  }
  bytes.resize(have);
  return bytes;
}

std::optional<std::string> readSealed(const std::string &path) {
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return std::nullopt;
  std::string bytes = contentsOf(descriptor);
  close(descriptor);
  if (!unsealed(bytes))
    return std::nullopt;
  noteUse(path);
  return bytes;
}

std::optional<std::string> readKept(const std::string &path) {
  std::optional<std::string> bytes = readSealed(path);
  if (bytes)
    bytes->resize(unsealed(*bytes)->size());
  return bytes;
}

static bool writeAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    bytes.remove_prefix(count);
  }
  return true;
}

/// Opens a file beside `path` that is nobody else's, and names it. Not mkstemp()'s, which only its
/// owner may read: a cache may be a group's.
static int openTemporary(const std::string &path, std::string &name) {
  static std::atomic<uint64_t> count = 0;
  for (int tries = 0; tries < 100; ++tries) {
    uint64_t from[] = {
        static_cast<uint64_t>(getpid()), count++,
        static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count())};
    name = fmt::format("{}.{:06x}", path, XXH3_64bits(from, sizeof from) & 0xffffff);
    int descriptor = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0 || errno != EEXIST)
      return descriptor;
  }
  return -1;
}

bool keepSealed(const std::string &path, std::string_view bytes) {
  std::error_code failed;
  std::string folder = fs::path(path).parent_path().string();
  fs::create_directories(folder, failed);
  if (failed)
    return false;
  makeRoomOnce(folder, KeptUnit::File);
  std::string temporary;
  int descriptor = openTemporary(path, temporary);
  if (descriptor < 0)
    return false;
  bool isWritten = writeAll(descriptor, bytes);
  isWritten = close(descriptor) == 0 && isWritten;
  if (isWritten)
    fs::rename(temporary, path, failed);
  if (isWritten && !failed)
    return true;
  fs::remove(temporary, failed);
  return false;
}

bool keep(const std::string &path, std::string bytes) {
  return keepSealed(path, sealed(std::move(bytes)));
}

} // namespace roux
