//===- PTX.h - lowered GPU kernels as PTX ----------------------------------===//
//
// The last stage for NVIDIA GPUs: gpu and nvvm to LLVM IR to PTX, in process.
// Assembling it is the driver's business, or ptxas' in the tests.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassManager.h"
namespace roux {

/// The PTX version written: what CUDA 13.0's assembler and drivers read.
inline constexpr llvm::StringLiteral ptxVersion = "9.0";

/// Whether `name` is of a GPU that there is code for; else a diagnostic at `where` that lists them.
bool isArchitecture(llvm::StringRef name, mlir::Location where);

/// What emitting PTX needs to find in its context.
void registerPTX(mlir::DialectRegistry &registry);

/// From threads of a GPU to the NVVM dialect. `modules` are those of convert-kernel-to-gpu.
void buildThreadsToNVVM(mlir::OpPassManager &modules);

} // namespace roux
