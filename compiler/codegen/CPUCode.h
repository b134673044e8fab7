//===- CPUCode.h - lowered kernels as machine code for a CPU --------------===//
//
// The last stage on the CPU: the vector loops of KernelToCPU become LLVM IR and
// a relocatable object, which runtime/cpu/ObjectCode loads in this process or
// in any later one. There is no second way to run: a program just compiled and
// one read from disk go through the same loader.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/CPUMachine.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include <string>

namespace roux {

/// What emitCPU writes.
enum class CPUForm {
  LLVM,     ///< optimised LLVM IR, as text
  Assembly, ///< of the machine, as text
  Object,   ///< relocatable ELF
};

/// The best of cpuMachines this processor runs.
const CPUMachine &hostMachine();

/// What emitCPU needs to find in the context that its module lives in.
void registerCPUCode(mlir::DialectRegistry &registry);

/// Lowers `module` (KernelToCPU's, changed on the way) to `form`. Fails with a diagnostic.
mlir::FailureOr<std::string> emitCPU(mlir::ModuleOp module, const CPUMachine &machine,
                                     CPUForm form);

} // namespace roux
