//===- Bytes.h - a data file's bytes, decompressed, in place --------------===//
//
// A plain file is mapped where it lies. A compressed file or a pipe cannot be
// entered in the middle, so it is unpacked once into a nameless temporary file,
// which is then mapped: memory never grows with the data.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/LostBytes.h"
#include "runtime/data/records/RecordError.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace roux::data {

/// Bytes of a line that was longer than allowed and of which only the beginning was kept.
struct Elision {
  uint64_t offset;  ///< in bytes(): where the missing bytes would be
  uint64_t missing; ///< here and before
};

class Bytes {
public:
  /// Bytes that may be read past the end, for the JSON parser.
  static constexpr size_t padding = 64;

  /// Maps `path`. Of a pipe or compressed file, lines are kept up to `maxLine` + 1 bytes. Throws
  /// FileError naming the file, and the byte where compressed data are damaged, unless
  /// `keepDamaged`: then what came out before is kept and damage() says what happened.
  explicit Bytes(const std::filesystem::path &path, uint64_t maxLine = UINT64_MAX,
                 bool keepDamaged = false);
  ~Bytes();
  Bytes(Bytes &&other) noexcept;
  Bytes &operator=(Bytes &&) = delete;

  std::string_view view() const { return {data, size}; }
  const std::string &name() const { return path; }
  const std::optional<std::string> &damage() const { return damaged; }
  /// The byte of the decompressed file that stands at `offset` of view().
  uint64_t originalByte(uint64_t offset) const;
  /// Tells the system that [begin, end) will be read now, or not again soon.
  void willRead(uint64_t begin, uint64_t end) const;
  void doneReading(uint64_t begin, uint64_t end) const;

private:
  void map(int descriptor, uint64_t bytes);

  std::string path;
  const char *data = nullptr;
  size_t size = 0, mapped = 0;
  std::vector<Elision> missing;
  std::optional<std::string> damaged;
  WatchedMapping watched;
};

} // namespace roux::data
