//===- RunLock.h - never two writers of one folder ------------------------===//
//
// Two runs of one recipe would write the same checkpoints. The system's file lock
// dies with its process, so a killed run never leaves a locked folder behind; the
// file's text says who holds it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/FileError.h"

#include <filesystem>

namespace roux::train {

/// The folder is in use; the text names who uses it.
struct RunLocked : data::FileError {
  using data::FileError::FileError;
};

class RunLock {
public:
  /// Takes `folder`, which is made if it is not there, and removes temporaries that a killed run
  /// left in it. Throws RunLocked at once where another process has it, FileError where it cannot
  /// be written.
  explicit RunLock(const std::filesystem::path &folder);
  ~RunLock();
  RunLock(const RunLock &) = delete;
  RunLock &operator=(const RunLock &) = delete;

private:
  int descriptor = -1;
};

/// Whether a process has `folder` now. Leaves everything as it is.
bool isLocked(const std::filesystem::path &folder);

} // namespace roux::train
