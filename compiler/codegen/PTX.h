//===- PTX.h - lowered GPU kernels as PTX ----------------------------------===//
//
// The last stage for NVIDIA GPUs: gpu and nvvm to LLVM IR to PTX, in process.
// Assembling it is the driver's business, or ptxas' in the tests.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include <string>

namespace roux {

/// The PTX version written: what CUDA 13.0's assembler and drivers read.
inline constexpr llvm::StringLiteral ptxVersion = "9.0";

/// The architectures there is code for, as the assembler names them.
inline constexpr llvm::StringLiteral gpuArchitectures[] = {"sm_80", "sm_90a", "sm_100a", "sm_120a"};

/// What emitPTX needs to find in the context that its module lives in.
void registerPTX(mlir::DialectRegistry &registry);

/// Lowers `module` (KernelToGPU's, changed on the way) to PTX for `architecture`, one of
/// gpuArchitectures. Fails with a diagnostic where maths needs CUDA's libdevice and none is
/// installed.
mlir::FailureOr<std::string> emitPTX(mlir::ModuleOp module, llvm::StringRef architecture);

} // namespace roux
