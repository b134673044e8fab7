//===- CudaKernels.h - a program's kernels on an NVIDIA GPU ---------------===//
#pragma once

#include "runtime/cuda/CudaAttention.h"
#include "runtime/cuda/CudaGraphs.h"
#include "runtime/cuda/CudaModules.h"
#include "runtime/cuda/CudaProducts.h"

#include <set>
#include <vector>

namespace roux::cuda {

class CudaKernels : public LoadedKernels {
public:
  /// Throws CudaError where the driver does not take the program's code, or a kernel wants more of
  /// a block than the GPU has.
  CudaKernels(const Program &program, std::shared_ptr<CudaDevice> device);
  ~CudaKernels() override;
  void launch(const KernelLaunch &launch) override;
  void begin(std::span<const int32_t> segments, bool each) override;
  void end() override { graphs.flush(); }
  std::map<std::string, std::string> choices() const override;
  void useChoices(const std::map<std::string, std::string> &choices) override;
  /// Who does attention and products, who made the code, and whether launches are handed over
  /// together.
  std::string note() const override;

private:
  template <typename Libraries>
  void runEither(Libraries &libraries, const KernelLaunch &launch);
  template <typename Libraries>
  void gather(Libraries &libraries, const KernelLaunch &launch, LibraryCall call);
  void runPhases(const KernelLaunch &launch);
  int64_t extentOf(const GridPhase &phase, const KernelLaunch &launch) const;
  Address placeOf(int64_t extent);
  void run(const GridPhase &phase, Handle function, const KernelLaunch &launch);

  const Program &program;
  std::shared_ptr<CudaDevice> device;
  CudaModules modules;                        ///< also unloaded where a kernel is refused
  std::vector<std::vector<Handle>> functions; ///< of each kernel's phases
  CudaAttention attention;
  CudaProducts products;
  CudaGraphs graphs;
  std::set<uint64_t> ready; ///< LibraryCall::kind
};

} // namespace roux::cuda
