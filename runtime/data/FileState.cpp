//===- FileState.cpp - what the system says of a file as it lies there ----===//
//
// The time of change is part of it, since that of modification can be set back.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/FileState.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace roux::data {

using std::chrono::nanoseconds;

/// The step of the clock that stamped `status` of `path`, with much to spare. Disks of this machine
/// take the kernel's, which ticks at least a hundred times a second; a server's clock may be
/// behind, FAT counts by two seconds, and old disks by one.
static nanoseconds clockStep(const std::filesystem::path &path, const struct stat &status) {
  constexpr long ofThisMachine[] = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC,       BTRFS_SUPER_MAGIC,
                                    TMPFS_MAGIC,      OVERLAYFS_SUPER_MAGIC, F2FS_SUPER_MAGIC};
  struct statfs system{};
  bool local =
      status.st_ctim.tv_nsec != 0 && statfs(path.c_str(), &system) == 0 &&
      std::ranges::find(ofThisMachine, static_cast<long>(system.f_type)) != std::end(ofThisMachine);
  return local ? std::chrono::milliseconds(50) : std::chrono::seconds(2);
}

static nanoseconds timeOf(const timespec &time) {
  return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

/// How long ago `status` changed; below zero where its clock is ahead.
static nanoseconds ageOf(const struct stat &status) {
  return std::chrono::system_clock::now().time_since_epoch() - timeOf(status.st_ctim);
}

FileState stateOf(const std::filesystem::path &file) {
  struct stat status{};
  if (stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
    return {};
  return {fmt::format("{}:{}:{}:{}.{:09}:{}.{:09}", status.st_dev, status.st_ino, status.st_size,
                      status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
                      status.st_ctim.tv_nsec),
          ageOf(status) >= clockStep(file, status)};
}

void settle(const std::filesystem::path &file) {
  struct stat status{};
  if (stat(file.c_str(), &status) != 0)
    return;
  nanoseconds step = clockStep(file, status);
  if (step < std::chrono::seconds(1))
    std::this_thread::sleep_for(std::clamp(step - ageOf(status), nanoseconds(0), step));
}

} // namespace roux::data
