//===- RunLock.cpp - never two writers of one folder ----------------------===//
//
// flock belongs to the open file, so two threads of one process exclude each other
// as two processes do.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/RunLock.h"

#include "runtime/data/Temporary.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace roux::train {

static constexpr size_t longestHolder = 256;

static std::string holderText() {
  char host[longestHolder / 2] = {};
  gethostname(host, sizeof host - 1);
  std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char since[32] = {};
  std::strftime(since, sizeof since, "%Y-%m-%d %H:%M:%S UTC", &utc);
  return fmt::format("process {} on {} since {}\n", getpid(), host, since);
}

static std::string readHolder(int descriptor) {
  char text[longestHolder] = {};
  ssize_t count = pread(descriptor, text, sizeof text - 1, 0);
  std::string holder(text, count > 0 ? static_cast<size_t>(count) : 0);
  holder.resize(std::min(holder.find('\n'), holder.size()));
  return holder.empty() ? "another process" : holder;
}

RunLock::RunLock(const std::filesystem::path &folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw data::FileError(
        fmt::format("{}: cannot create it: {}", folder.string(), error.message()));
  std::filesystem::path file = folder / "lock";
  auto fail = [&](const char *doing) {
    int cause = errno;
    if (descriptor >= 0)
      close(descriptor);
    throw data::FileError(
        fmt::format("{}: cannot {} it: {}", file.string(), doing, std::strerror(cause)));
  };
  // A link would have its target written over, and a folder from elsewhere may bring one.
  descriptor = open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
  struct stat status{};
  bool isFile = descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
                status.st_nlink <= 1;
  if (descriptor < 0 ? errno == ELOOP : !isFile) {
    if (descriptor >= 0)
      close(descriptor);
    throw data::FileError(fmt::format("{}: is a link or no plain file; remove it", file.string()));
  }
  if (descriptor < 0)
    fail("write");
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      fail("lock");
    std::string holder = readHolder(descriptor);
    close(descriptor);
    throw RunLocked(fmt::format("{}: in use by {}", folder.string(), holder));
  }
  std::string holder = holderText();
  if (ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, holder.data(), holder.size(), 0) != static_cast<ssize_t>(holder.size()))
    fail("write");
  data::removeTemporaries(folder);
}

RunLock::~RunLock() {
  close(descriptor);
}

bool isLocked(const std::filesystem::path &folder) {
  int descriptor = open((folder / "lock").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0)
    return false;
  // Only a process that lives can have it, and who asks must not be in the way of one that begins.
  int process = 0;
  bool lives = std::sscanf(readHolder(descriptor).c_str(), "process %d", &process) == 1 &&
               std::filesystem::exists(fmt::format("/proc/{}", process));
  bool isHeld = lives && flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(descriptor);
  return isHeld;
}

} // namespace roux::train
