//===- DeviceMemory.cpp - a run of bytes on a device ----------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/device/DeviceMemory.h"

namespace roux {

DeviceMemory::DeviceMemory(std::shared_ptr<Device> given, size_t bytes, const std::string &what,
                           Fill fill)
    : device(std::move(given)), memory(device->allocate(bytes, what, fill)), bytes(bytes) {}

MirroredMemory::MirroredMemory(std::shared_ptr<Device> given, size_t bytes, const std::string &what)
    : device(std::move(given)), memory(device, bytes, what) {}

std::span<std::byte> MirroredMemory::onHost() {
  if (size() == 0 || device->sharesMemory())
    return memory.span();
  if (copy.size() == 0)
    copy = ZeroedMemory(size(), "a copy of the device's memory");
  if (!isCurrent)
    device->download({copy.data(), copy.size()}, memory.data());
  isCurrent = true;
  return {copy.data(), copy.size()};
}

void MirroredMemory::changedOnHost() {
  // Where the copy is older than the device's bytes nobody was given it to write to.
  if (isCurrent)
    device->upload(memory.data(), {copy.data(), copy.size()});
}

void MirroredMemory::zero() {
  device->zero(memory.data(), size());
  changedOnDevice();
}

} // namespace roux
