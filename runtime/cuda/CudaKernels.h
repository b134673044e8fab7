//===- CudaKernels.h - a program's kernels on an NVIDIA GPU ---------------===//
#pragma once

#include "runtime/cuda/CudaDevice.h"

#include <vector>

namespace roux::cuda {

class CudaKernels : public LoadedKernels {
public:
  /// Has the driver assemble the program's PTX. Throws CudaError with the assembler's words, or
  /// where a kernel wants more of a block than the GPU has.
  CudaKernels(const Program &program, std::shared_ptr<CudaDevice> device);
  void launch(const KernelLaunch &launch) override;

private:
  void run(const GridPhase &phase, Handle function, const KernelLaunch &launch);

  const Program &program;
  std::shared_ptr<CudaDevice> device;
  std::shared_ptr<void> module; ///< unloaded with its last owner, also where a kernel is refused
  std::vector<std::vector<Handle>> functions; ///< of each kernel's phases
};

} // namespace roux::cuda
