//===- FileState.h - what the system says of a file as it lies there ------===//
//
// Reading a file again only to learn that it is what it was costs as much as the
// first time. Its state tells it from another file, and from itself before a change.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <filesystem>
#include <string>

namespace roux::data {

struct FileState {
  std::string text; ///< empty: there is none, or it is no plain file
  /// A change from now on gives another state. Clocks of file systems are coarse: within a step of
  /// theirs (hundredths of a second on this machine's disks, two seconds elsewhere) a second change
  /// can leave the same times.
  bool settled = false;
};

FileState stateOf(const std::filesystem::path &file);

/// Waits until `file`, just written, is settled, where that is a matter of hundredths of a second.
void settle(const std::filesystem::path &file);

} // namespace roux::data
