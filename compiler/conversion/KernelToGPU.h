//===- KernelToGPU.h - kernels as GPU kernels ------------------------------===//
//
// The other lowering of the kernel dialect: the same bodies, over blocks of
// threads. Made of gpu, scf, vector, arith, math, nvvm and LLVM's memory ops, inside
// a gpu.module.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Kernel/Kernel.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/Kernel.h"
#include "runtime/TargetDescription.h"

#include <optional>

namespace roux {

/// How one function of a kernel is launched: the blocks of a launch over an extent follow from it
/// as the items of runtime/Kernel.h.
struct GPUPhase {
  std::string name;            ///< of the function
  int64_t threads = 128;       ///< of a block
  int64_t extentPerBlock = 1;  ///< 0: the extent has no part in it
  int64_t blocksPerGroup = 1;  ///< of so much of the extent
  int64_t sharedBytes = 0;     ///< of dynamic shared memory, a block's
  bool registersFirst = false; ///< rather than more blocks at a time on a multiprocessor
  /// The argument that holds the extent; none: it is the launch's.
  std::optional<unsigned> extentArgument = {};
};

struct GPUKernel {
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< with one gpu.module of a gpu.func for each phase
  llvm::SmallVector<GPUPhase, 2> phases;    ///< run one after the other
};

/// Arguments of the functions are those of `function` (buffers as pointers, index as i64), then a
/// pointer to the phase's extent. Fails, saying so, for one without a lowering.
mlir::FailureOr<GPUKernel> lowerToGPU(kernel::FuncOp function, const TargetDescription &target);

} // namespace roux
