//===- KernelToCPU.h - kernels as vector loops over a range of items ------===//
//
// Turns every kernel.func of a module into a function of a new module that the
// runtime's threads call with a range of its work items. The result is made of
// scf, vector, arith, math and LLVM's memory ops.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Kernel/Kernel.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/Kernel.h"
#include "runtime/TargetDescription.h"

namespace roux {

/// The work of a kernel's launch, as the runtime needs it (runtime/Kernel.h), and its code: an
/// llvm.func of `module` for each phase, named as its shape, with the signature roux::KernelCode.
struct CPUKernel {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  llvm::SmallVector<KernelShape, 2> phases;
};

/// Fails with a diagnostic at the op that has no lowering.
mlir::FailureOr<CPUKernel> lowerToCPU(kernel::FuncOp function, const TargetDescription &machine);

} // namespace roux
