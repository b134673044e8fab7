//===- ListKernels.h - kernels in each of their forms, line by line --------===//
#pragma once

#include "compiler/pipeline/ListedKernels.h"
#include "compiler/pipeline/StagePasses.h"

namespace roux {

/// The kernels of `module`, of stage kernel, which lowers them. All are one module of PTX on the
/// way, as a program has them. Fails with a diagnostic; not where the tools that list SASS do.
mlir::FailureOr<ListedKernels> listKernels(mlir::ModuleOp module, const StageTarget &target);

/// "256 threads a block, …" of each function of a kernel of stage gpu, and what it has copied.
std::vector<std::string> describeLaunches(mlir::ModuleOp kernel);

} // namespace roux
