//===- Passes.h - passes that join kernels --------------------------------===//
//
// One file a pass; what each does is in Passes.td, their order in addKernelFusion().
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Kernel/Kernel.h"
#include "mlir/Pass/Pass.h"

namespace roux::kernel {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/fusion/Passes.h.inc"

/// All of them, in their order.
/// `blockColumns` is FuseEpilogue's, `foldBlock` FuseRows'.
void addKernelFusion(mlir::OpPassManager &passes, int64_t blockColumns, int64_t foldBlock);

} // namespace roux::kernel
