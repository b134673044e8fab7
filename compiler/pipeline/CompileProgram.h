//===- CompileProgram.h - a kernel module as a program with its code ------===//
//
// The last step of compiling, and the only one that is remembered between runs.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/CPUCode.h"
#include "runtime/Program.h"

namespace roux {

struct ProgramOptions {
  const TargetDescription *machine = &hostTarget();
  std::string cacheFolder = {};        ///< where compiled code is kept; empty: nowhere
  bool emitsCode = true;               ///< else kernels are only named: enough to plan memory
  CodeKind kind = CodeKind::Processor; ///< of `machine`
};

/// Fails with a diagnostic at the op at fault, as of a kernel without a lowering to the GPU that
/// `machine` is. What `module` holds is not changed.
mlir::FailureOr<Program> compileProgram(mlir::ModuleOp module, const ProgramOptions &options);

/// Kernels that the last calls of this process compiled, rather than found in the cache.
int64_t kernelsCompiled();

} // namespace roux
