//===- AppendFile.h - a log that grows by whole records -------------------===//
//
// Logs are read while they grow and after a kill. A record goes out in one write, so
// at most the last one is ever half there, and a full disk is said, not ignored.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/FileError.h"

#include <filesystem>
#include <string_view>

namespace roux::train {

class AppendFile {
public:
  /// Opens `path` at its end, making it if it is not there. Throws FileError.
  explicit AppendFile(std::filesystem::path path);
  ~AppendFile();
  AppendFile(const AppendFile &) = delete;
  AppendFile &operator=(const AppendFile &) = delete;

  /// Throws FileError where not all of `record` can be written.
  void append(std::string_view record);

private:
  [[noreturn]] void fail() const;

  std::filesystem::path path;
  int descriptor;
};

} // namespace roux::train
