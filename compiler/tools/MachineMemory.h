//===- MachineMemory.h - the memory that this process may have ------------===//
//
// A container's limit is not in /proc/meminfo, and who goes beyond it is killed without
// a word. What a run may use is the least of all that bounds it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <filesystem>

namespace roux {

struct MachineMemory {
  int64_t most = 0;      ///< bytes that this process may ever have; does not hang on others
  int64_t available = 0; ///< of these now
};

/// The memory of the machine under the limits of control groups (both versions) and of the process.
/// `root` stands before /proc and /sys, for tests.
MachineMemory machineMemory(const std::filesystem::path &root = "/");

} // namespace roux
