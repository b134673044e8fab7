//===- KernelToProgram.h - a kernel module as a program the runtime walks -===//
//
// Every entry becomes a list of instructions with registers and lifetimes. Nothing
// of MLIR is left.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Kernel/Kernel.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/Program.h"

namespace roux {

/// Adds the kernels' names and the entries of `module` to `program`, which is enough to plan
/// memory. Fails with a diagnostic at the op at fault.
mlir::LogicalResult writeProgram(mlir::ModuleOp module, Program &program);

} // namespace roux
