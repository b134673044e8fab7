//===- NamelessFile.h - bytes that wait on disk ---------------------------===//
//
// Tables that belong at the end of a file grow with the data, and so does what is
// unpacked of an archive. They wait here instead of in memory, and are gone with
// their owner, however that ends.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace roux::data {

class AtomicFile;

class NamelessFile {
public:
  /// On the disk of `folder`, or where that gives none, of TMPDIR (else /tmp). `problem` begins the
  /// FileError that this and all below throw, as in "F: cannot unpack it".
  explicit NamelessFile(std::string problem, const std::filesystem::path &folder = {});
  ~NamelessFile();
  NamelessFile(NamelessFile &&other) noexcept;
  NamelessFile &operator=(NamelessFile &&) = delete;

  uint64_t size() const { return written + buffer.size(); }
  void write(std::span<const std::byte> bytes);
  template <typename T>
  void add(const T &value) {
    write(std::as_bytes(std::span(&value, 1)));
  }
  /// Value number `index` of a file of T only.
  template <typename T>
  T at(uint64_t index) const {
    T value;
    read(index * sizeof(T), std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  /// Appends everything to `target`.
  void copyTo(AtomicFile &target) const;
  /// The descriptor, which stays this file's, with all bytes behind it.
  int flush();

private:
  void read(uint64_t offset, std::span<std::byte> bytes) const;
  [[noreturn]] void fail() const;

  std::string problem;
  int descriptor = -1;
  uint64_t written = 0;
  std::vector<std::byte> buffer;
};

} // namespace roux::data
