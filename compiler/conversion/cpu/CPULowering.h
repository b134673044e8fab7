//===- CPULowering.h - inside KernelToCPU: one function a family ----------===//
//
// Shared by the files that lower the families to the CPU; nobody else includes
// it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/RowBody.h"
#include "runtime/Kernel.h"
#include "runtime/TargetDescription.h"

namespace roux {

/// The function being built: `code` stands in its entry block, `known` maps the kernel's arguments
/// to pointers and scalars.
struct CPUFunction {
  LoopBuilder &code;
  const TargetDescription &machine;
  mlir::IRMapping known;
  mlir::Value extent, begin, end; ///< index
  mlir::Value scratch;            ///< pointer
  KernelShape &shape;

  /// The next `elements` of `element` in the scratch, on a cache line of their own.
  mlir::Value allocate(mlir::Type element, int64_t elements);
  /// Sets up the registers of blocks, once.
  void useBlocks();
  bool usesBlocks = false;
};

/// Runs rows in chunks of two vectors (two independent sums hide an addition's latency), the last
/// chunk under a mask.
class CPURows : public RowTarget {
public:
  explicit CPURows(const TargetDescription &machine) : machine(machine) {}
  /// Restricts stores to columns [low, high): a body without reductions may run for a part. Where
  /// those are known to be a multiple of `unit` that decides whether there is a last chunk.
  void restrict(mlir::Value low, mlir::Value high, int64_t unit = 1) {
    this->low = low, this->high = high, this->unit = unit;
  }

  int64_t width(int64_t columns, unsigned bits) const override;
  LoopBuilder::Values
  forColumns(LoopBuilder &code, int64_t columns, int64_t width, mlir::ValueRange carried,
             llvm::function_ref<LoopBuilder::Values(Chunk, mlir::ValueRange)> body) override;
  mlir::Value combine(LoopBuilder &code, kernel::Reduction kind, mlir::Value lanes) override;
  int64_t foldBlock() const override { return machine.foldBlock; }
  void storeScalar(LoopBuilder &code, mlir::Value value, mlir::Value pointer) override;

private:
  const TargetDescription &machine;
  mlir::Value low, high;
  int64_t unit = 1;
};

/// The first `count` of `width` lanes, as a mask.
mlir::Value firstLanes(LoopBuilder &code, mlir::Value count, int64_t width);

void lowerRows(kernel::FuncOp function, CPUFunction &cpu);
void lowerContract(kernel::ContractOp op, CPUFunction &cpu);
void lowerAttention(kernel::AttentionOp op, CPUFunction &cpu);
void lowerAttentionGradient(kernel::AttentionGradientOp op, CPUFunction &cpu);
/// What is left to do when all items are done.
void lowerRowSums(kernel::FuncOp function, CPUFunction &cpu);
void lowerQuerySums(kernel::AttentionGradientOp op, CPUFunction &cpu);

} // namespace roux
