//===- Temporary.cpp - names of what is not there yet ---------------------===//
//
// A writer is told by the system it runs in (this boot, this container), its number
// there, and when it began.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Temporary.h"

#include "runtime/data/FileError.h"

#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

namespace roux::data {

namespace fs = std::filesystem;

static std::string contentsOf(const fs::path &file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator(stream), {}};
}

/// This boot of this machine, and the container in which its process numbers count.
static const std::string &system() {
  static const std::string name = [] {
    std::error_code unknown;
    std::string text = contentsOf("/proc/sys/kernel/random/boot_id") +
                       fs::read_symlink("/proc/self/ns/pid", unknown).string();
    return fmt::format("{:08x}", static_cast<uint32_t>(XXH3_64bits(text.data(), text.size())));
  }();
  return name;
}

/// When a process began, in ticks since the boot; empty where there is none of that number.
static std::string startOf(pid_t process) {
  std::string status = contentsOf(fmt::format("/proc/{}/stat", process));
  // The name, in parentheses, may hold anything.
  size_t at = status.rfind(')');
  constexpr int fieldsBetween = 20;
  for (int field = 0; at != status.npos && field < fieldsBetween; ++field)
    at = status.find(' ', at + 1);
  if (at == status.npos)
    return "";
  return status.substr(at + 1, status.find(' ', at + 1) - at - 1);
}

fs::path temporaryFor(const fs::path &target) {
  static std::atomic<unsigned> count = 0;
  fs::path temporary = target;
  temporary += fmt::format(".{}-{}-{}-{}.tmp", system(), getpid(), startOf(getpid()), count++);
  return temporary;
}

/// The parts of a temporary's name; no match where it is none.
static std::smatch writerOf(const std::string &name) {
  static const std::regex form(R"(.+\.([0-9a-f]{8})-([0-9]{1,9})-([0-9]*)-[0-9]+\.tmp)");
  std::smatch parts;
  std::regex_match(name, parts, form);
  return parts;
}

/// Is the writer of the temporary at `path` gone?
static bool isAbandoned(const fs::path &path, const std::smatch &writer) {
  if (writer.str(1) == system()) {
    pid_t process = std::stoi(writer.str(2));
    bool lives = kill(process, 0) == 0 || errno == EPERM;
    return !lives || startOf(process) != writer.str(3);
  }
  std::error_code error;
  fs::file_time_type written = fs::last_write_time(path, error);
  return !error && fs::file_time_type::clock::now() - written > std::chrono::hours(24);
}

template <typename Which>
static void removeWhere(const fs::path &folder, Which which) {
  std::error_code error;
  if (!fs::exists(folder))
    return;
  for (const fs::directory_entry &entry : fs::directory_iterator(folder, error)) {
    std::string name = entry.path().filename().string();
    if (std::smatch writer = writerOf(name); !writer.empty() && which(entry.path(), writer))
      fs::remove_all(entry.path(), error);
  }
  if (error)
    throw FileError(fmt::format("{}: cannot clear it: {}", folder.string(), error.message()));
}

void removeTemporaries(const fs::path &folder) {
  removeWhere(folder, [](const fs::path &, const std::smatch &) { return true; });
}

void removeAbandoned(const fs::path &folder) {
  removeWhere(folder, isAbandoned);
}

} // namespace roux::data
