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
  std::string cacheFolder = {}; ///< where compiled code is kept; empty: nowhere
  bool emitsCode = true;        ///< else kernels are only named: enough to plan memory
};

/// Fails with a diagnostic at the op at fault. What `module` holds is not changed.
mlir::FailureOr<Program> compileProgram(mlir::ModuleOp module, const ProgramOptions &options);

/// Kernels that the last calls of this process compiled, rather than found in the cache.
int64_t kernelsCompiled();

} // namespace roux
