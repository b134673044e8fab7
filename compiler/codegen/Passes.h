//===- Passes.h - from kernels to a machine's code ------------------------===//
//
// Declares what Passes.td describes, and registerCodegenPasses() for roux-opt.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace roux {

/// On a lowered kernel's module: the code that it became, a string.
inline constexpr llvm::StringLiteral codeAttribute = "kernel.code";
/// On a module for a GPU: its launch's threads, rows and strips.
inline constexpr llvm::StringLiteral gpuPhasesAttribute = "kernel.gpu_phases";

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/codegen/Passes.h.inc"
} // namespace roux
