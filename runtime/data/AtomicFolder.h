//===- AtomicFolder.h - a folder that is there whole or not at all --------===//
//
// A model on disk is several files that mean something only together. They are
// written into a temporary folder beside the target, which takes the target's
// name in one step, also where an older folder has it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/FileError.h"

#include <filesystem>

namespace roux::data {

class AtomicFolder {
public:
  /// Begins `target`. Throws FileError.
  explicit AtomicFolder(std::filesystem::path target);
  /// Removes what was written unless committed.
  ~AtomicFolder();
  AtomicFolder(const AtomicFolder &) = delete;
  AtomicFolder &operator=(const AtomicFolder &) = delete;

  /// Where to write.
  const std::filesystem::path &path() const { return temporary; }
  /// Syncs and puts the folder in place of whatever had its name. Throws FileError.
  void commit();

private:
  [[noreturn]] void fail(const char *doing) const;

  std::filesystem::path target, temporary;
};

/// Syncs a folder, so that a name given in it survives a power cut. Throws FileError.
void syncFolder(const std::filesystem::path &folder);

/// Removes the temporary files and folders that a killed writer of `folder` left. Only for a caller
/// that knows no other writer is at work there. Throws FileError.
void removeTemporaries(const std::filesystem::path &folder);

/// The same where others may be at work: what a living process writes stays. Nothing happens where
/// there is no such folder. Throws FileError.
void removeAbandoned(const std::filesystem::path &folder);

} // namespace roux::data
