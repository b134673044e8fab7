//===- ListKernels.h - kernels in each of their forms, line by line --------===//
#pragma once

#include "compiler/pipeline/GPUKernels.h"
#include "compiler/pipeline/ListedKernels.h"

namespace roux {

/// The kernels of `module`, of stage kernel. All are one module of PTX on the way, as a program has
/// them. Fails with a diagnostic; not where the tools that list SASS do.
mlir::FailureOr<ListedKernels> listKernels(mlir::ModuleOp module, const GPUCodeOptions &options);

/// "256 threads a block, …" of each function of a kernel that was compiled by itself, and what it
/// has copied.
std::vector<std::string> describeLaunches(const Program &kernel);

} // namespace roux
