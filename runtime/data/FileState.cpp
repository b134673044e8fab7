//===- FileState.cpp - what the system says of a file as it lies there ----===//
//
// The time of change is part of it, since that of modification can be set back.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/FileState.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <ctime>

namespace roux::data {

FileState stateOf(const std::filesystem::path &file) {
  constexpr time_t step = 2;
  struct stat status{};
  if (stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
    return {};
  return {fmt::format("{}:{}:{}:{}.{:09}:{}.{:09}", status.st_dev, status.st_ino, status.st_size,
                      status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
                      status.st_ctim.tv_nsec),
          std::time(nullptr) - status.st_ctim.tv_sec >= step};
}

} // namespace roux::data
