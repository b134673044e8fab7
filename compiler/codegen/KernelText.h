//===- KernelText.h - a kernel as the text of any later stage -------------===//
//
// What `roux inspect --emit=llvm|asm|ptx` and roux-translate print.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/CPUMachine.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include <string>

namespace roux {

/// How kernels are to be written, for which machine.
struct KernelTextOptions {
  std::string form = "kernel"; ///< kernel, loops, llvm, asm, gpu, ptx, sass or table
  std::string kernel;          ///< its name; empty: all of them
  std::string machine;         ///< of cpuMachines; empty: this processor's
  std::string architecture = "sm_90a";
};

/// The dialects and translations that printKernels needs.
void registerKernelText(mlir::DialectRegistry &registry);

/// Writes each kernel of `module` under a heading. Fails with a diagnostic.
mlir::LogicalResult printKernels(mlir::ModuleOp module, const KernelTextOptions &options,
                                 llvm::raw_ostream &out);

} // namespace roux
