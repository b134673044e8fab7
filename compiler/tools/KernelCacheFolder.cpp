//===- KernelCacheFolder.cpp - where compiled kernels are kept ------------===//
//
// Shared by all runs of a user; how much of it stays is runtime/KeptRoom's.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/CompilerVerbs.h"

#include <cstdlib>

namespace roux {

std::string kernelCacheFolder() {
  if (const char *cache = std::getenv("XDG_CACHE_HOME"); cache && *cache)
    return std::string(cache) + "/roux";
  const char *home = std::getenv("HOME");
  return home && *home ? std::string(home) + "/.cache/roux" : std::string();
}

} // namespace roux
