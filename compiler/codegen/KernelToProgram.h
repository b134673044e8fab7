//===- KernelToProgram.h - a kernel module as a program the runtime walks -===//
//
// The last step of compiling: every kernel becomes machine code, every entry a
// list of instructions with registers and lifetimes. Nothing of MLIR is left.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/CPUCode.h"
#include "runtime/Program.h"
#include <optional>

namespace roux {

struct ProgramOptions {
  const CPUMachine *machine = &hostMachine();
  /// Where compiled kernels are kept, by their text, machine and this build's format; none:
  /// nowhere.
  std::optional<std::string> cacheFolder;
  bool emitsCode = true; ///< else kernels are only named: enough to plan memory
};

/// Fails with a diagnostic at the op at fault. What `module` holds is not changed.
mlir::FailureOr<Program> compileProgram(mlir::ModuleOp module, const ProgramOptions &options);

/// Kernels that the last calls of this process compiled, rather than found in the cache.
int64_t kernelsCompiled();

} // namespace roux
