//===- MappedFile.h - a file's bytes, read where they lie -----------------===//
//
// Stores and plans are larger than memory may be; mapping them lets the system
// keep what a step needs and forget the rest. Also the one place that checks that
// a section lies inside its file, because a file may say anything.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/FileError.h"
#include "runtime/data/LostBytes.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace roux::data {

class MappedFile {
public:
  /// Maps `path` read-only. Throws FileError.
  explicit MappedFile(std::filesystem::path path);
  /// The same of an open file, which keeps `descriptor` and is called `path` in errors.
  MappedFile(int descriptor, std::filesystem::path path);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  const std::filesystem::path &file() const { return path; }
  std::span<const std::byte> bytes() const { return {data, size}; }
  /// `count` values of T at `offset`; throws FileError naming `what` where they are not all there
  /// or not aligned.
  template <typename T>
  std::span<const T> section(uint64_t offset, uint64_t count, std::string_view what) const {
    check(offset, count, sizeof(T), alignof(T), what);
    return {reinterpret_cast<const T *>(data + offset), static_cast<size_t>(count)};
  }
  [[noreturn]] void fail(std::string_view why) const;

private:
  void map(int descriptor);
  void check(uint64_t offset, uint64_t count, size_t each, size_t alignment,
             std::string_view what) const;

  std::filesystem::path path;
  const std::byte *data = nullptr;
  size_t size = 0;
  WatchedMapping watched;
};

} // namespace roux::data
