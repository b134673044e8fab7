//===- KernelCacheFolder.cpp - where compiled kernels are kept ------------===//
//
// Shared by all runs of a user. A kernel is written beside its name and renamed; who is
// killed in between leaves a file that nobody would ever look at again.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/CompilerVerbs.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace fs = std::filesystem;

namespace roux {

std::string kernelCacheFolder() {
  if (const char *cache = std::getenv("XDG_CACHE_HOME"); cache && *cache)
    return std::string(cache) + "/roux";
  const char *home = std::getenv("HOME");
  return home && *home ? std::string(home) + "/.cache/roux" : std::string();
}

/// The name of a kernel's code, a dot, and what makes it nobody else's: 32 hexadecimal digits and 6
/// letters or digits.
static bool isUnfinished(std::string_view name) {
  size_t dot = name.rfind('.');
  if (dot == name.npos || name.size() - dot != 7)
    return false;
  std::string_view kernel = name.substr(0, dot), digits = "0123456789abcdef";
  bool isKept = kernel.ends_with(".o") || kernel.ends_with(".so") || kernel.ends_with(".step") ||
                kernel.ends_with(".cudnn") || kernel.ends_with(".cubin");
  return isKept && kernel.find('.') == 32 && kernel.find_first_not_of(digits) == 32 &&
         std::ranges::all_of(name.substr(dot + 1), [](unsigned char c) { return std::isalnum(c); });
}

void removeUnfinishedKernels() {
  std::error_code ignored; // a cache that cannot be read is none
  for (const fs::directory_entry &entry : fs::directory_iterator(kernelCacheFolder(), ignored)) {
    // There are thousands of others, which are not to be looked at one by one.
    if (!isUnfinished(entry.path().filename().string()))
      continue;
    fs::file_time_type written = fs::last_write_time(entry.path(), ignored);
    // One that is being written is as old as a write takes.
    if (!ignored && fs::file_time_type::clock::now() - written > std::chrono::minutes(1))
      fs::remove(entry.path(), ignored);
  }
}

} // namespace roux
