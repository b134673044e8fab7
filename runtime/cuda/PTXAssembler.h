//===- PTXAssembler.h - who makes a GPU's code of PTX ---------------------===//
//
// The driver can, one kernel after the other in every process. What assembles beside
// it may do many at once, and what it made may be kept.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/cuda/CudaDriver.h"

#include <memory>
#include <string>

namespace roux::cuda {

class PTXAssembler {
public:
  virtual ~PTXAssembler() = default;
  /// "ptxas 13.0.88": what it makes of the same PTX depends on nothing else.
  virtual std::string name() const = 0;
  /// The cubin of `ptx`, a module, for `architecture`. Throws CudaError with the assembler's words.
  /// Called by several threads at once.
  virtual std::string assemble(const std::string &ptx, const std::string &architecture) = 0;
};

/// Where NVIDIA's assembler may be, as PATH lists folders: CUDA_HOME, PATH, /usr/local/cuda.
std::string foldersOfPtxas();

/// The first that is in `folders`. Throws CudaError that says what is missing.
std::unique_ptr<PTXAssembler> openPtxas(const std::string &folders = foldersOfPtxas());

} // namespace roux::cuda
