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
  /// Syncs and puts the folder in place of whatever had its name: in one step, or in two where the
  /// file system cannot exchange names. Throws FileError.
  void commit();

private:
  [[noreturn]] void fail(const char *doing) const;

  std::filesystem::path target, temporary;
};

/// Syncs a folder, so that a name given in it survives a power cut. Throws FileError.
void syncFolder(const std::filesystem::path &folder);

/// Does in `folder` what commit() will do there, so that what cannot be is known before hours of
/// work. Throws FileError.
void probeFolder(const std::filesystem::path &folder);

} // namespace roux::data
