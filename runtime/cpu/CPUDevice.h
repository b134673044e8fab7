//===- CPUDevice.h - this machine's processor -----------------------------===//
//
// Kernels run on the threads of a pool, in the memory of the process.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/ZeroedMemory.h"
#include "runtime/cpu/SharedCode.h"
#include "runtime/cpu/ThreadPool.h"
#include "runtime/device/Device.h"

namespace roux {

/// Calls a kernel for all items of a launch over `extent`, on the threads of `pool`, each with its
/// own `scratch`, as large as the phases want.
void runKernel(const std::vector<KernelPhase> &phases, void *const *arguments, int64_t extent,
               ThreadPool &pool, std::span<ZeroedMemory> scratch);

class CPUDevice : public Device {
public:
  explicit CPUDevice(unsigned threads) : pool(threads) {}

  std::string name() const override { return "cpu"; }
  bool sharesMemory() const override { return true; }
  /// Zeros, whatever is asked for: they cost nothing until they are touched.
  std::shared_ptr<std::byte> allocate(size_t bytes, const std::string &what, Fill fill) override;
  void upload(std::byte *to, std::span<const std::byte> from) override;
  void download(std::span<std::byte> to, const std::byte *from) override;
  void copy(std::byte *to, const std::byte *from, size_t bytes) override;
  void zero(std::byte *memory, size_t bytes) override;
  std::unique_ptr<LoadedKernels> load(const Program &program) override;

private:
  ThreadPool pool;
};

} // namespace roux
