//===- GPUKernels.h - kernels as code of a GPU, one by one -----------------===//
//
// Programs share most of their kernels, and a changed loss changes one: each is made
// by itself, beside others, and kept by itself.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "runtime/Program.h"

#include <string>
#include <vector>

namespace roux {

/// Who is to run code of which GPU, and where it is kept; empty: nowhere.
struct GPUCodeOptions {
  std::string architecture;
  CodeKind kind = CodeKind::PTX; ///< or of the emulator
  std::string cacheFolder;
};

/// The kernels of `module`, each as a program that has phases and code and no entries: a module of
/// PTX, or an object for the emulator. Fails with a diagnostic that names a kernel without a
/// lowering. `module` is not changed.
mlir::FailureOr<std::vector<Program>> compileGPUKernels(mlir::ModuleOp module,
                                                        const GPUCodeOptions &options);

/// What names the code of each kernel in the cache; none where that is not used.
std::vector<std::string> keysOfGPUKernels(mlir::ModuleOp module, const GPUCodeOptions &options);

/// The phases that a lowered kernel's module, of stage gpu, says it has.
std::vector<GridPhase> gridPhasesOf(mlir::ModuleOp kernel);

/// Their PTX as one module.
std::string joinedPTX(const std::vector<Program> &kernels);

} // namespace roux
