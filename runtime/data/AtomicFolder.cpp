//===- AtomicFolder.cpp - a folder that is there whole or not at all ------===//
//
// Linux exchanges two names in one step, so at no instant is the target missing.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/AtomicFolder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace roux::data {

namespace fs = std::filesystem;

AtomicFolder::AtomicFolder(fs::path path) : target(std::move(path)), temporary(target) {
  temporary += fmt::format(".{}.tmp", getpid());
  std::error_code error;
  fs::remove_all(temporary, error);
  fs::create_directories(temporary, error);
  if (!error)
    return;
  errno = error.value();
  fail("create");
}

AtomicFolder::~AtomicFolder() {
  std::error_code ignored;
  fs::remove_all(temporary, ignored);
}

void AtomicFolder::fail(const char *doing) const {
  throw FileError(
      fmt::format("{}: cannot {} it: {}", target.string(), doing, std::strerror(errno)));
}

void AtomicFolder::commit() {
  syncFolder(temporary);
  const char *from = temporary.c_str(), *to = target.c_str();
  // After an exchange the older folder has the temporary name, and the destructor removes it.
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) != 0 &&
      (errno != EEXIST || renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) != 0))
    fail("put in place");
  syncFolder(fs::absolute(target).parent_path());
}

void syncFolder(const fs::path &folder) {
  int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool done = descriptor >= 0 && fsync(descriptor) == 0;
  int cause = errno;
  if (descriptor >= 0)
    close(descriptor);
  if (!done)
    throw FileError(fmt::format("{}: cannot sync it: {}", folder.string(), std::strerror(cause)));
}

/// Is the process whose number the name ends in, NAME.NUMBER.tmp, gone? This one is not counted: it
/// has only begun, and an earlier one had the same number.
static bool isAbandoned(const fs::path &temporary) {
  pid_t writer = std::atoi(temporary.stem().extension().c_str() + 1);
  return writer <= 0 || writer == getpid() || (kill(writer, 0) != 0 && errno == ESRCH);
}

template <typename Which>
static void removeWhere(const fs::path &folder, Which which) {
  std::error_code error;
  for (const fs::directory_entry &entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".tmp" && which(entry.path()))
      fs::remove_all(entry.path(), error);
  if (error)
    throw FileError(fmt::format("{}: cannot clear it: {}", folder.string(), error.message()));
}

void removeTemporaries(const fs::path &folder) {
  removeWhere(folder, [](const fs::path &) { return true; });
}

void removeAbandoned(const fs::path &folder) {
  if (fs::exists(folder))
    removeWhere(folder, isAbandoned);
}

} // namespace roux::data
