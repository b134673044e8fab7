//===- GPULowering.h - inside KernelToGPU: one function a family ----------===//
//
// Shared by the files that lower the families to a GPU; nobody else includes it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/gpu/GPURows.h"
#include "compiler/conversion/gpu/KernelToGPU.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace roux {

/// The function being built: `code` stands in its entry block, `known` maps the kernel's arguments
/// to pointers and scalars.
struct GPUFunction {
  LoopBuilder &code;
  mlir::IRMapping known;
  mlir::Value thread, block, extent; ///< index
  mlir::Value shared;                ///< pointer to the block's dynamic shared memory
  GPUPhase &shape;
  const TargetDescription &target;
  mlir::gpu::GPUFuncOp entry;

  /// The next `elements` of `element` in shared memory.
  mlir::Value allocate(mlir::Type element, int64_t elements, int64_t alignment = 128);
  /// What was allocated since sharedTop was `mark` may be used again.
  void reuseFrom(int64_t mark) { sharedTop = mark; }
  int64_t sharedTop = 0;

  /// For all threads of the block, or the first `meeting` of them: what each wrote before is there
  /// after.
  void barrier();
  int64_t meeting = 0;

  /// An index as another number, of which LLVM does not know that it is the same in every turn of a
  /// loop: what follows from it is computed where it is used, and has no register until then.
  mlir::Value here(mlir::Value index);
  /// Has `thread` be that, for all that `body` emits.
  void withThreadHere(llvm::function_ref<void()> body);

  /// An argument of the function that is the address of such a map.
  mlir::Value tensorMap(const TensorMap &map);
};

/// Shared memory that a block may have on every architecture there is code for (sm_120 has least).
inline constexpr int64_t mostShared = 99 * 1024;

/// The widest access to rows of `body`, in columns: at most 16 bytes, and every row's columns,
/// window and buffer are a multiple of it.
int64_t chunkOf(mlir::Block &body);

/// Runs `body` for `count` rows of `columns` columns, a part of a warp a row. `bind` is told the
/// row's number and gives the body its index; `rowsGiven` has rows that are arguments of the body.
void runRows(GPUFunction &gpu, mlir::Block &body, mlir::Value count, int64_t columns,
             llvm::function_ref<mlir::Value(mlir::Value)> indexOf,
             llvm::function_ref<mlir::Value(mlir::Value number, mlir::Value row, Chunk)> rowsGiven);

/// A part of a warp: how many threads run over `columns` columns, `chunk` at a time.
int64_t threadsForColumns(int64_t columns, int64_t chunk);

void lowerRows(kernel::FuncOp function, GPUFunction &gpu);
/// One whose rows all come through sums over all rows (RowBody::foldsAllRows).
void lowerFolds(mlir::Block &body, GPUFunction &gpu);
void lowerContract(kernel::ContractOp op, GPUFunction &gpu);
void lowerAttention(kernel::AttentionOp op, GPUFunction &gpu);
void lowerAttentionGradient(kernel::AttentionGradientOp op, GPUFunction &gpu);
/// What is left to do when all blocks are done.
void lowerQuerySums(kernel::AttentionGradientOp op, GPUFunction &gpu);

} // namespace roux
