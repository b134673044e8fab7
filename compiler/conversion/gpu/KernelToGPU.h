//===- KernelToGPU.h - kernels as GPU kernels ------------------------------===//
//
// The other lowering of the kernel dialect: the same bodies, over blocks of
// threads. Made of gpu, scf, vector, arith, math, nvvm and LLVM's memory ops, inside
// a gpu.module.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Kernel/Kernel.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/Kernel.h"
#include "runtime/TargetDescription.h"
#include "runtime/TensorMap.h"

#include <optional>

namespace roux {

/// Of a function that is lowered: how many of its arguments, before the last one, are tensor maps.
inline constexpr llvm::StringLiteral tensorMapsAttribute = "kernel.tensor_maps";

/// How one function of a kernel is launched: the blocks of a launch over an extent follow from it
/// as the items of runtime/Kernel.h.
struct GPUPhase {
  std::string name;           ///< of the function
  int64_t threads = 128;      ///< of a block
  int64_t extentPerBlock = 1; ///< 0: the extent has no part in it
  int64_t blocksPerGroup = 1; ///< of so much of the extent
  int64_t sharedBytes = 0;    ///< of dynamic shared memory, a block's
  /// Blocks that a multiprocessor is to have registers for at a time; 0: as the assembler likes.
  int64_t blocksAtOnce = 0;
  /// The argument that holds the extent; none: it is the launch's.
  std::optional<unsigned> extentArgument = {};
  /// What the function gets behind the kernel's arguments and before the pointer to the extent.
  llvm::SmallVector<TensorMap, 0> maps = {};
};

struct GPUKernel {
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< with one gpu.module of a gpu.func for each phase
  llvm::SmallVector<GPUPhase, 2> phases;    ///< run one after the other
};

/// Arguments of the functions are those of `function` (buffers as pointers, index as i64), then
/// pointers to the phase's tensor maps and one to its extent. Fails, saying so, for one without a
/// lowering.
mlir::FailureOr<GPUKernel> lowerToGPU(kernel::FuncOp function, const TargetDescription &target);

/// Why a GPU's copy engine cannot bring the operands of a product to its threads, which have sums
/// of so many terms at least brought to them; nothing where it can.
std::string whyNotCopied(kernel::ContractOp op, int64_t leastTerms);

/// Why warpgroups cannot multiply what attention, or its gradient, has to; nothing where they can.
std::string whyNotByWarpgroups(kernel::AttentionOp op);
std::string whyNotByWarpgroups(kernel::AttentionGradientOp op);

} // namespace roux
