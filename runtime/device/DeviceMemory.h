//===- DeviceMemory.h - a run of bytes on a device ------------------------===//
//
// Owners of memory that is not the process's own, and of what the process sees of
// it. Where a device shares the host's memory the two are the same bytes, and
// looking costs nothing.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/ZeroedMemory.h"
#include "runtime/device/Device.h"

namespace roux {

/// Moves; does not copy.
class DeviceMemory {
public:
  DeviceMemory() = default;
  /// Throws std::runtime_error that says for `what` there is no memory.
  DeviceMemory(std::shared_ptr<Device> device, size_t bytes, const std::string &what,
               Fill fill = Fill::Zeros);
  DeviceMemory(DeviceMemory &&) = default;
  DeviceMemory &operator=(DeviceMemory &&) = default;

  /// The host reads and writes them only where the device shares its memory.
  std::span<std::byte> span() const { return {memory.get(), bytes}; }
  std::byte *data() const { return memory.get(); }
  size_t size() const { return bytes; }

private:
  std::shared_ptr<Device> device; // outlives its memory
  std::shared_ptr<std::byte> memory;
  size_t bytes = 0;
};

/// Memory of a device that the host looks at now and then.
class MirroredMemory {
public:
  MirroredMemory() = default;
  /// Zeros.
  MirroredMemory(std::shared_ptr<Device> device, size_t bytes, const std::string &what);

  size_t size() const { return memory.size(); }
  /// For a kernel; one that writes is followed by changedOnDevice().
  std::span<std::byte> onDevice() const { return memory.span(); }
  /// The bytes as they are now. Who writes to them calls changedOnHost().
  std::span<std::byte> onHost();
  void changedOnDevice() { isCurrent = false; }
  void changedOnHost();
  void zero();

private:
  std::shared_ptr<Device> device;
  DeviceMemory memory;
  ZeroedMemory copy; ///< made when the host first looks; none where memory is shared
  bool isCurrent = false;
};

} // namespace roux
