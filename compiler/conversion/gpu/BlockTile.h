//===- BlockTile.h - a tile of sums over the threads of a block ------------===//
//
// Products of tiles in shared memory, in registers: by the tensor cores where both
// sides are bf16 (mma.sync, or wgmma where tiles are laid out for it; sums in f32),
// else by fused multiply-adds. Which thread
// holds which sum differs between the two; whoever uses a tile asks for rows and
// columns and need not know.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/gpu/GPULowering.h"

namespace roux {

/// Rows of numbers in shared memory, `pitch` numbers apart. A row of an operand is a row of it, or,
/// where `termsFirst`, a column: rows are terms of the sum then.
struct SharedTile {
  mlir::Value base;
  int64_t pitch;
  mlir::FloatType element;
  bool termsFirst = false;
  /// As wgmma reads them: lines of 64 numbers, of which every eight consecutive ones change places
  /// by the number of their line; `pitch` lines, then those of the next 64 cells. The base is a
  /// multiple of 1024 bytes.
  bool isSwizzled = false;
  mlir::Value place(LoopBuilder &code, mlir::Value line, mlir::Value cell) const;
  /// Under an address that LLVM does not know to be the same in every turn of a loop. Else it forms
  /// all that lies at a distance from it before the loop, each in a register of its own.
  SharedTile addressedHere(LoopBuilder &code) const;
};

/// Sums of rows x columns, spread over all threads of a block.
class BlockTile {
public:
  using Value = mlir::Value;
  using Sums = llvm::SmallVector<mlir::Value>; ///< a thread's, its rows one after another
  /// `number` is what is multiplied. Both sizes are multiples of 16; `columnWarps` warps lie side
  /// by side (tensor cores only), the others below each other.
  BlockTile(GPUFunction &gpu, mlir::FloatType number, int64_t rows, int64_t columns,
            int64_t columnWarps = 1);
  /// For swizzled tiles of bf16: a warpgroup has 64 rows, of all columns where there are rows for
  /// every warpgroup, else of as many as the others beside it.
  static BlockTile ofWarpgroups(GPUFunction &gpu, int64_t rows, int64_t columns);
  /// Of so many rows, all of a block's threads multiply swizzled tiles.
  static int64_t warpgroupRows(const GPUFunction &gpu) { return gpu.shape.threads / 2; }
  static constexpr int64_t swizzledCells = 64, swizzledAlignment = 1024;

  int64_t rows() const { return tileRows; }
  int64_t columns() const { return tileColumns; }
  /// Rows and columns that a thread has sums of.
  int64_t rowsEach() const { return ownRows; }
  int64_t columnsEach() const { return ownColumns; }
  /// In the tile, of a thread's row `i` and column `j`: its first, and how far behind that it is.
  Value row(int64_t i) const { return code.add(row(), rowDistance(i)); }
  Value column(int64_t j) const { return code.add(column(), columnDistance(j)); }
  Value row() const;
  Value column() const;
  int64_t rowDistance(int64_t i) const;
  int64_t columnDistance(int64_t j) const;
  /// Columns 2j and 2j + 1 of a thread lie side by side.
  bool hasPairs() const { return usesTensorCores; }
  /// Of the threads that share a row, which follow each other, the first.
  Value isFirstOfRow() const;

  mlir::FloatType sum() const { return sumType; }
  Sums zero() const;
  static Value &at(const BlockTile &tile, Sums &sums, int64_t i, int64_t j) {
    return sums[i * tile.columnsEach() + j];
  }
  /// sums + left * right', of `terms` terms, a multiple of 16. Rows and columns of the tile are
  /// rows of `left` and `right`.
  Sums multiply(Sums sums, SharedTile left, SharedTile right, int64_t terms) const;
  /// The same where the left operand is `weights`, sums of a tile as high as this, of as many
  /// columns as there are terms. `scratch` has room for them, for fused multiply-adds.
  Sums multiply(Sums sums, const BlockTile &tile, const Sums &weights, SharedTile scratch,
                SharedTile right) const;
  /// Begins the same for swizzled tiles, whose sums are not there before finish(), nor the tiles
  /// free. What other threads wrote is met at a barrier after sharedIsSeen().
  Sums begin(Sums sums, SharedTile left, SharedTile right, int64_t terms) const;
  Sums finish(Sums sums) const;
  /// begin() in parts: what several products have in common before and behind them, which are a
  /// group. Whoever waits for groups themself waits until at most so many are under way. What of
  /// their `registers` was written before, or is there behind that, passes through.
  Sums beginProducts(const Sums &registers = {}) const;
  /// Sums that begin with the product are none before it.
  Sums multiplied(Sums sums, SharedTile left, SharedTile right, int64_t terms) const;
  /// The same where the left operand is in registers: `weights` that asOperand() made of sums of a
  /// tile as high as this, of `terms` columns.
  Sums multipliedBy(const Sums &weights, Sums sums, SharedTile right, int64_t terms) const;
  Sums asOperand(const Sums &sums) const;
  Sums ofOperand(const Sums &words) const; ///< what is left of them
  void commitProducts() const;
  Sums waitForProducts(int64_t groups, const Sums &registers = {}) const;
  /// What this thread has written is seen by begin().
  void sharedIsSeen() const;
  /// One number of all threads that share a row.
  Value acrossRow(Value value, llvm::function_ref<Value(Value, Value)> join) const;
  /// Puts sums where their rows and columns are; columns are rows of `to` where `to.termsFirst`.
  void store(const Sums &sums, SharedTile to) const;
  /// Whatever is multiplied after, the numbers may be padded with: a multiple of 16 bytes for the
  /// tensor cores, whose rows must not begin in the same banks.
  static int64_t pitchOf(mlir::FloatType number, int64_t columns) {
    return number.isBF16() ? columns + 8 : columns + 1;
  }

private:
  Sums multiplyByTensorCores(Sums sums, llvm::function_ref<Sums(int64_t m, int64_t k)> left,
                             SharedTile right, int64_t terms) const;
  Sums multiplyByAdds(Sums sums, SharedTile left, SharedTile right, int64_t terms) const;
  Value descriptorOf(SharedTile tile, Value skipped) const;
  Value swizzledAt(Value first, SharedTile tile, int64_t i, int64_t j) const;
  Value rightAt(SharedTile tile, int64_t term) const;
  Sums inOrder(const Sums &sums) const;
  Sums byRows(const Sums &ordered) const;
  Sums assembled(llvm::StringRef text, const Sums &registers, mlir::ValueRange more = {},
                 size_t results = 0) const;
  Sums loadMatrices(SharedTile tile, Value row, Value term) const;

  GPUFunction &gpu;
  LoopBuilder &code;
  bool usesTensorCores;
  int64_t tileRows, tileColumns;
  int64_t ownRows, ownColumns;
  int64_t columnGroups = 1; ///< warpgroups side by side
  mlir::FloatType sumType;
  Value firstRow, firstColumn; ///< of a thread; of its warp, for the tensor cores
  Value lane;
};

/// How a tile of shared memory is filled: `lines` rows of `cells` numbers.
struct TileFill {
  SharedTile to;
  int64_t lines, cells;
  int64_t chunk; ///< numbers of an access; cells are a multiple of it
  /// Whether there is such a number; what there is not is zero.
  llvm::function_ref<mlir::Value(mlir::Value line, mlir::Value cell)> exists;
  /// The chunk from there on, a vector of floats.
  llvm::function_ref<mlir::Value(mlir::Value line, mlir::Value cell)> read;
  /// Where it lies, if it lies as it is to be: 16 bytes then go by cp.async, to be waited for.
  llvm::function_ref<mlir::Value(mlir::Value line, mlir::Value cell)> address = nullptr;
};
void fillTile(GPUFunction &gpu, const TileFill &fill);
/// Ends a group of asynchronous copies, and waits until at most `groups` of them are under way.
void commitCopies(GPUFunction &gpu);
void waitForCopies(GPUFunction &gpu, int64_t groups);

} // namespace roux
