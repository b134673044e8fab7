//===- SimtDevice.h - the emulated GPU as a device ------------------------===//
//
// Memory that shows who reads what nobody wrote, and who leaves a buffer: numbers
// that are none, nothing beside it, and each buffer known by its name.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/device/Device.h"
#include "runtime/simt/Emulator.h"

namespace roux {

class SimtDevice : public Device {
public:
  explicit SimtDevice(const EmulatorOptions &options);

  std::string name() const override { return "simt"; }
  /// Kernels see the memory that was allocated for them and nothing else.
  bool sharesMemory() const override { return false; }
  bool keepsBuffersApart() const override { return true; }
  std::shared_ptr<std::byte> allocate(size_t bytes, const std::string &what, Fill fill) override;
  void upload(std::byte *to, std::span<const std::byte> from) override;
  void download(std::span<std::byte> to, const std::byte *from) override;
  void copy(std::byte *to, const std::byte *from, size_t bytes) override;
  void zero(std::byte *memory, size_t bytes) override;
  std::unique_ptr<LoadedKernels> load(const Program &program) override;

private:
  struct Machine;
  std::shared_ptr<Machine> machine;
};

} // namespace roux
