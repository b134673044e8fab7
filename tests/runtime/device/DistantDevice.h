//===- DistantDevice.h - a device whose memory is not the process's -------===//
//
// Its addresses are those of the process far away from there, so whatever takes one for
// the other fails at once; its kernels are functions of a test.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/device/Device.h"

#include <cstring>
#include <functional>
#include <map>

namespace roux::test {

/// What a kernel does over an extent with its arguments, in the process's addresses.
using TestKernel = std::function<void(int64_t extent, std::span<const uint64_t> arguments)>;

class DistantDevice : public Device {
public:
  explicit DistantDevice(bool apart = false) : apart(apart) {}

  std::map<std::string, TestKernel> kernels;
  std::vector<std::pair<std::string, size_t>> allocated; ///< for what, and how much
  int64_t uploads = 0, downloads = 0;

  /// Where memory at the device's address `address` really is.
  template <typename T>
  static T *here(uint64_t address) {
    return reinterpret_cast<T *>(address ^ distance);
  }

  std::string name() const override { return "distant"; }
  bool sharesMemory() const override { return false; }
  bool keepsBuffersApart() const override { return apart; }
  std::shared_ptr<std::byte> allocate(size_t bytes, const std::string &what, Fill fill) override {
    allocated.emplace_back(what, bytes);
    auto *memory = new std::byte[bytes + 1];
    std::memset(memory, fill == Fill::Zeros ? 0 : 0xff, bytes);
    return {there(memory), [memory](std::byte *) { delete[] memory; }};
  }
  void upload(std::byte *to, std::span<const std::byte> from) override {
    ++uploads;
    std::memcpy(here(to), from.data(), from.size());
  }
  void download(std::span<std::byte> to, const std::byte *from) override {
    ++downloads;
    std::memcpy(to.data(), here(from), to.size());
  }
  void copy(std::byte *to, const std::byte *from, size_t bytes) override {
    std::memcpy(here(to), here(from), bytes);
  }
  void zero(std::byte *memory, size_t bytes) override { std::memset(here(memory), 0, bytes); }
  std::unique_ptr<LoadedKernels> load(const Program &program) override {
    struct Loaded : LoadedKernels {
      void launch(const KernelLaunch &launch) override {
        device->kernels.at(program->kernels[launch.kernel])(launch.extent, launch.arguments);
      }
      DistantDevice *device = nullptr;
      const Program *program = nullptr;
    };
    auto loaded = std::make_unique<Loaded>();
    loaded->device = this;
    loaded->program = &program;
    return loaded;
  }

private:
  static std::byte *there(const std::byte *memory) {
    return reinterpret_cast<std::byte *>(reinterpret_cast<uint64_t>(memory) ^ distance);
  }
  static std::byte *here(const std::byte *memory) { return there(memory); }

  static constexpr uint64_t distance = uint64_t(1) << 62;
  bool apart;
};

} // namespace roux::test
