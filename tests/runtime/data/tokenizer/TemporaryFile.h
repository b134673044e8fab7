//===- TemporaryFile.h - a file that lives as long as a test --------------===//
//
// In a folder of its own, because what stands beside a tokenizer is read too.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>

namespace roux::data {

class TemporaryFile {
public:
  TemporaryFile(const std::string &name, std::string_view bytes) {
    std::string pattern = testing::TempDir() + "roux-XXXXXX";
    folder = mkdtemp(pattern.data());
    add(name, bytes);
    file = folder / name;
  }
  ~TemporaryFile() { std::filesystem::remove_all(folder); }
  TemporaryFile(const TemporaryFile &) = delete;
  TemporaryFile &operator=(const TemporaryFile &) = delete;

  /// Writes another file beside it.
  void add(const std::string &name, std::string_view bytes) const {
    std::ofstream(folder / name, std::ios::binary) << bytes;
  }
  const std::filesystem::path &path() const { return file; }

private:
  std::filesystem::path folder, file;
};

} // namespace roux::data
