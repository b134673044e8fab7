//===- OnGPU.h - kernels of a test on an NVIDIA GPU ------------------------===//
//
// The same cases as on the emulator, where there is a GPU to run them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cuda/CudaDevice.h"
#include "tests/compiler/kernels/Compiled.h"

namespace roux::test {

/// The kernels of `text`, of stage `kernel`, as PTX for `architecture`.
Program compileForGPU(const std::string &text, const std::string &architecture);

/// The first GPU; null where there is none.
std::shared_ptr<cuda::CudaDevice> gpuHere();

class OnGPU {
public:
  /// Products that a library could do are its own, or the kernels'.
  OnGPU(Program program, bool byLibrary);
  /// Buffers are on the GPU while the kernel runs, each before bytes that it must leave alone.
  void run(const std::string &kernel, int64_t extent, const std::vector<Argument> &arguments);

private:
  Program program;
  std::unique_ptr<LoadedKernels> kernels;
};

} // namespace roux::test
