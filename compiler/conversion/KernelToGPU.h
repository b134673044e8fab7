//===- KernelToGPU.h - row kernels as GPU kernels --------------------------===//
//
// The other lowering of the row family: the same bodies through the same
// chunks, a block, a warp or a part of one to a row. Made of gpu, scf, vector,
// arith, math, nvvm and LLVM's memory ops, inside a gpu.module.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Kernel/Kernel.h"
#include "mlir/IR/BuiltinOps.h"

namespace roux {

/// How a kernel is launched on a GPU: `threads` a block, a block `rows` rows, of `strips` column
/// strips each.
struct GPUShape {
  int64_t threads = 0;
  int64_t rows = 1;
  int64_t strips = 1;
};

struct GPUKernel {
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< with one gpu.module of one gpu.func
  GPUShape shape;
};

/// Whether `function` is of the row family. Matmul and attention have no lowering to a GPU.
bool hasGPULowering(kernel::FuncOp function);

/// Arguments of the kernel are those of `function` (buffers as pointers, index as i64), then the
/// extent. Fails, saying so, for one without a lowering.
mlir::FailureOr<GPUKernel> lowerToGPU(kernel::FuncOp function);

} // namespace roux
