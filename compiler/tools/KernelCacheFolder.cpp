//===- KernelCacheFolder.cpp - where compiled kernels are kept ------------===//
//
// Shared by all runs of a user. A kernel is written beside its name and renamed; who is
// killed in between leaves a file that nobody would ever look at again.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/CompilerVerbs.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <regex>

namespace fs = std::filesystem;

namespace roux {

std::string kernelCacheFolder() {
  if (const char *cache = std::getenv("XDG_CACHE_HOME"); cache && *cache)
    return std::string(cache) + "/roux";
  const char *home = std::getenv("HOME");
  return home && *home ? std::string(home) + "/.cache/roux" : std::string();
}

void removeUnfinishedKernels() {
  static const std::regex unfinished(R"([0-9a-f]{32}\.(o|so)\.[0-9a-f]{6})");
  std::error_code ignored; // a cache that cannot be read is none
  for (const fs::directory_entry &entry : fs::directory_iterator(kernelCacheFolder(), ignored)) {
    fs::file_time_type written = fs::last_write_time(entry.path(), ignored);
    // One that is being written is as old as a write takes.
    if (!ignored && std::regex_match(entry.path().filename().string(), unfinished) &&
        fs::file_time_type::clock::now() - written > std::chrono::minutes(1))
      fs::remove(entry.path(), ignored);
  }
}

} // namespace roux
