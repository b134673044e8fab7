//===- MachineMemory.cpp - the memory that this process may have ----------===//
//
// A control group's limit holds for all groups below it, so each on the way up counts.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/MachineMemory.h"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace roux {

namespace fs = std::filesystem;

/// The bytes of a line "NAME: N kB" of /proc/meminfo; 0 where it is not said.
static int64_t meminfo(const fs::path &root, std::string_view wanted) {
  std::ifstream file(root / "proc/meminfo");
  std::string name;
  for (int64_t kibibytes = 0; file >> name >> kibibytes; file.ignore(64, '\n'))
    if (name == wanted)
      return kibibytes * 1024;
  return 0;
}

/// The number in a file; none for "max" or where there is no such file.
static bool readNumber(const fs::path &path, int64_t &number) {
  std::ifstream file(path);
  return static_cast<bool>(file >> number) && number >= 0;
}

namespace {
/// The files of one version of control groups.
struct Version {
  const char *folder, *limit, *usage;
};
} // namespace

/// Bounds `memory` by every group from `group` up to the root of its kind.
static void boundByGroup(const fs::path &root, const Version &version, const fs::path &group,
                         MachineMemory &memory) {
  fs::path top = root / version.folder, at = top / group.relative_path();
  // Inside a container the group's path may be of the host; then only the top is there.
  while (true) {
    int64_t limit, used = 0;
    if (readNumber(at / version.limit, limit)) {
      readNumber(at / version.usage, used);
      memory.most = std::min(memory.most, limit);
      memory.available = std::min(memory.available, std::max<int64_t>(limit - used, 0));
    }
    if (at == top || !at.has_relative_path())
      return;
    at = at.parent_path();
  }
}

MachineMemory machineMemory(const fs::path &root) {
  MachineMemory memory{meminfo(root, "MemTotal:"), meminfo(root, "MemAvailable:")};
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == line.npos)
      continue;
    std::string kinds = "," + line.substr(first + 1, second - first - 1) + ",";
    std::string group = line.substr(second + 1);
    if (kinds == ",,")
      boundByGroup(root, {"sys/fs/cgroup", "memory.max", "memory.current"}, group, memory);
    else if (kinds.find(",memory,") != kinds.npos)
      boundByGroup(root, {"sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"},
                   group, memory);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    memory.most = std::min(memory.most, static_cast<int64_t>(limit.rlim_cur));
    memory.available = std::min(memory.available, static_cast<int64_t>(limit.rlim_cur));
  }
  return memory;
}

} // namespace roux
