//===- GPURows.h - the columns of a row over the threads of a GPU ---------===//
//
// A block to a row, or for short rows a warp or a part of one, so that
// reductions need only shuffles. Every thread takes chunks of at most 16
// bytes, the widest access there is, as wide as rows stay aligned to.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/RowBody.h"
#include "runtime/TargetDescription.h"

namespace roux {

/// Columns of a row of `columns` that its threads add up side by side, before they go on to as many
/// more. A sum's order follows from it alone, not from what else a body moves, which decides the
/// width of an access and the number of threads: lane by lane over these columns, then a tree over
/// the bits of the column's number, the lowest first.
int64_t columnsSideBySide(int64_t columns);

class GPURows : public RowTarget {
public:
  /// `thread` is the thread's number among the `threads` of its row; `shared` holds a number per
  /// warp (null where a warp or less does a row); `chunk` is how many columns an access moves.
  GPURows(mlir::Value thread, int64_t threads, mlir::Value shared, int64_t chunk)
      : thread(thread), threads(threads), shared(shared), chunk(chunk) {}

  /// Restricts stores to columns [low, high).
  void restrict(mlir::Value low, mlir::Value high) { this->low = low, this->high = high; }
  int64_t width(int64_t columns, unsigned bits) const override;
  LoopBuilder::Values
  forColumns(LoopBuilder &code, int64_t columns, int64_t width, mlir::ValueRange carried,
             llvm::function_ref<LoopBuilder::Values(Chunk, mlir::ValueRange)> body) override;
  mlir::Value combine(LoopBuilder &code, kernel::Reduction kind, mlir::Value lanes) override;
  int64_t foldBlock() const override { return gpuTargets().front().foldBlock; }
  void storeScalar(LoopBuilder &code, mlir::Value value, mlir::Value pointer) override;
  void beforeStores(LoopBuilder &code) override;

private:
  mlir::Value warpCombine(LoopBuilder &code, kernel::Reduction kind, mlir::Value value,
                          int64_t lanes);

  mlir::Value thread;
  int64_t threads;
  mlir::Value shared;
  int64_t chunk;
  mlir::Value low, high;
};

/// `value` of the lane whose number differs in the bits of `distance`. All lanes of a warp are
/// there.
mlir::Value exchanged(LoopBuilder &code, mlir::Value value, int64_t distance);

} // namespace roux
