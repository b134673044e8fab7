//===- CPUCode.h - lowered kernels as machine code for a CPU --------------===//
//
// The way of a kernel from vector loops to an object, which every other one of a
// program is linked with. There is no second way to run: a program just compiled
// and one read from disk go through the same loader.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassManager.h"
#include "runtime/TargetDescription.h"
#include "llvm/Support/CodeGen.h"

namespace llvm {
class TargetMachine;
}

namespace roux {

/// Empty: this processor's. Null after a diagnostic at `where` that lists those there are.
const TargetDescription *machineNamed(llvm::StringRef name, mlir::Location where);

/// What emitting CPU code needs to find in its context.
void registerCPUCode(mlir::DialectRegistry &registry);

/// Code generation for `machine`: a level of the architecture, not the processor's name, so that
/// what is saved runs on, and rounds as on, every processor of that level.
std::unique_ptr<llvm::TargetMachine>
codeGenerator(const TargetDescription &machine,
              llvm::CodeGenOptLevel level = llvm::CodeGenOptLevel::Aggressive);

/// From vector loops to the LLVM dialect. `kernels` are the modules of convert-kernel-to-cpu.
void buildLoopsToLLVM(mlir::OpPassManager &kernels);

} // namespace roux
