//===- CompileGPUCode.h - a program's kernels as code of a GPU ------------===//
#pragma once

#include "compiler/pipeline/CompileProgram.h"

namespace roux {

/// Gives `program` the phases and the code of the kernels of `module`, or those that were kept from
/// before. Fails with a diagnostic that names a kernel without a lowering.
mlir::LogicalResult writeGPUCode(mlir::ModuleOp module, const ProgramOptions &options,
                                 Program &program);

/// Adds to kernelsCompiled().
void countCompiled(int64_t kernels);

} // namespace roux
