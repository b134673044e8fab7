//===- NVVMCode.h - lowered GPU kernels as optimised LLVM IR ---------------===//
//
// What PTX is printed of, and what the emulator runs: the same IR, so that what is
// right in the one is not wrong in the other.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"

#include <memory>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace roux {

/// Code generation for a GPU, by its name.
std::unique_ptr<llvm::TargetMachine> nvptxMachine(llvm::StringRef architecture);

/// The gpu.module in `module`, which is of the NVVM dialect, with what it calls of CUDA's maths.
/// Null after a diagnostic.
std::unique_ptr<llvm::Module> optimisedNVVM(mlir::ModuleOp module, llvm::TargetMachine &machine,
                                            llvm::LLVMContext &context);

} // namespace roux
