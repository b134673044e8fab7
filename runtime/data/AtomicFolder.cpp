//===- AtomicFolder.cpp - a folder that is there whole or not at all ------===//
//
// Linux exchanges two names in one step where the file system can, and then at no
// instant is the target missing. NFS and Lustre cannot: there the older folder steps
// aside first, and who is killed in between finds no folder and makes it again.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/AtomicFolder.h"

#include "runtime/data/Temporary.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace roux::data {

namespace fs = std::filesystem;

AtomicFolder::AtomicFolder(fs::path path)
    : target(std::move(path)), temporary(temporaryFor(target)) {
  std::error_code error;
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

/// Puts `from` in the place of `to`, which is there, in two steps; false with errno set otherwise.
static bool stepAside(const fs::path &from, const fs::path &to) {
  fs::path aside = temporaryFor(to);
  if (std::rename(to.c_str(), aside.c_str()) != 0)
    return false;
  bool done = std::rename(from.c_str(), to.c_str()) == 0;
  int cause = errno;
  std::error_code ignored; // what cannot be removed now is a temporary for the next start
  if (done)
    fs::remove_all(aside, ignored);
  else
    std::rename(aside.c_str(), to.c_str());
  errno = cause;
  return done;
}

void AtomicFolder::commit() {
  syncFolder(temporary);
  const char *from = temporary.c_str(), *to = target.c_str();
  std::error_code error;
  bool done = !fs::exists(fs::symlink_status(target, error))
                  ? std::rename(from, to) == 0
                  // The older folder gets the temporary name, and the destructor removes it.
                  : renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) == 0 ||
                        stepAside(temporary, target);
  if (!done)
    fail("put in place");
  syncFolder(fs::absolute(target).parent_path());
}

void probeFolder(const fs::path &folder) {
  // Under names that the next start removes if this one is killed here.
  fs::path probe = temporaryFor(folder / "probe");
  for (int time = 0; time < 2; ++time)
    AtomicFolder(probe).commit();
  fs::remove(probe);
}

void syncFolder(const fs::path &folder) {
  int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  // A file system that cannot sync folders keeps them in order by itself.
  bool done = descriptor >= 0 && (fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP);
  int cause = errno;
  if (descriptor >= 0)
    close(descriptor);
  if (!done)
    throw FileError(fmt::format("{}: cannot sync it: {}", folder.string(), std::strerror(cause)));
}

} // namespace roux::data
