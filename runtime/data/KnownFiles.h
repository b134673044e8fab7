//===- KnownFiles.h - what was found out about a file before --------------===//
//
// Hashing the weights of a model or looking at every token of a store takes as long as
// reading them. It is done once for a file as it lies there, and then remembered under
// what the system says of it: a file that was written, replaced or copied is another.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace roux::data {

/// XXH3 of the bytes of `file`. Throws FileError.
uint64_t contentHash(const std::filesystem::path &file);

class KnownFiles {
public:
  /// Remembers in `memory`, which need not be there; where it cannot be written, only as long as
  /// this lives.
  explicit KnownFiles(std::filesystem::path memory) : memory(std::move(memory)) {}

  /// contentHash() of `file`.
  uint64_t contentHash(const std::filesystem::path &file);
  /// Calls `check`, which throws if something is wrong with `file`, unless it was found right
  /// before. `what` names the check in a word, with all that it depends on besides the file.
  void verify(const std::filesystem::path &file, std::string_view what,
              const std::function<void()> &check);

  /// Whether verify() would call nothing.
  bool knows(const std::filesystem::path &file, std::string_view what);

private:
  using Find = std::function<uint64_t()>;
  uint64_t remember(const std::filesystem::path &file, std::string_view what, const Find &find);
  void load();
  void save();

  std::filesystem::path memory;
  std::mutex mutex;
  bool loaded = false;
  std::map<std::string, uint64_t> known; ///< by the file's state and what was asked
};

} // namespace roux::data
