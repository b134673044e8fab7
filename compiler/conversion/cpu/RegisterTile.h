//===- RegisterTile.h - products of small matrices in scratch memory ------===//
//
// The inner part of matmul and attention on the CPU: operands lie in scratch as
// words, a number of the accumulator's type or a pair of bf16, and a register
// tile runs over them. Sums go over the words in order, a number by a fused
// multiply-add, a pair by one instruction (its second term before its first),
// whatever tile a row falls into.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/cpu/CPULowering.h"

namespace roux {

/// Word (row, k) of a left operand is at row * rowStride + k * termStride.
struct LeftTile {
  mlir::Value pointer;
  int64_t rowStride, termStride;
};

/// Word (k, column) is at column / panel * panelStride + k * termStride + column % panel, where
/// panel is the width of the register tile.
struct RightTile {
  mlir::Value pointer;
  int64_t panelStride, termStride;
};

/// A right operand where it lies: number (term, column) is at term * rowColumns + column. Its
/// columns are a whole number of panels; no row after `last` is read.
struct RowsInPlace {
  mlir::Value pointer;
  mlir::FloatType element;
  int64_t rowColumns;
  mlir::Value last;
};

/// Emits prefetches of what will be used after a tile: called once every `fetchTerms` words of the
/// tile of panel `panel`, at word `k`.
using FetchAhead = llvm::function_ref<void(mlir::Value panel, mlir::Value k)>;
inline constexpr int64_t fetchTerms = 16;

/// Emits products with one accumulator type.
class Tiles {
public:
  /// How many columns and rows a tile has: attention's, a matmul's, or one vector.
  enum class Size : uint8_t { Narrow, Wide, Vector };
  /// Words are pairs of bf16 if `pairs`, which the machine must have an instruction for. A narrow
  /// tile has no more rows than `mostRows`, and more columns where that leaves registers for them.
  Tiles(CPUFunction &cpu, mlir::FloatType type, bool pairs = false, Size size = Size::Narrow,
        int64_t mostRows = 256, int64_t mostColumns = 0);

  /// Words that hold so many terms.
  int64_t words(int64_t terms) const { return pairs ? (terms + 1) / 2 : terms; }
  mlir::Value words(mlir::Value terms) const {
    return pairs ? code.div(code.add(terms, 1), 2) : terms;
  }
  /// bf16 lanes of two rows as words of both, the first row's in the lower halves.
  mlir::Value pairUp(mlir::Value first, mlir::Value second);
  /// Numbers of the sums' type as operands keep them: rounded to bf16 if pairs, numbers below
  /// 2^-126 to 0.
  mlir::Value rounded(mlir::Value numbers);
  int64_t panel() const { return lanes * tileVectors; }
  /// Operands hold so many words or a multiple of it, those beyond the last term being 0.
  int64_t wordStep() const { return blocks ? 16 : 1; }
  int64_t paddedRows(int64_t count) const { return (count + tileRows - 1) / tileRows * tileRows; }
  int64_t paddedColumns(int64_t count) const { return (count + panel() - 1) / panel() * panel(); }

  /// result(row, column) = sum over words k < terms of left(row, k) * right(k, column), for rows
  /// [firstRow, rowEnd), added to what is there if `accumulate`. Rows and columns are rounded up to
  /// whole tiles; what lies beyond them in the operands only reaches what lies beyond them in the
  /// result.
  void product(mlir::Value firstRow, mlir::Value rowEnd, mlir::Value columnCount, mlir::Value terms,
               LeftTile left, RightTile right, mlir::Value result, int64_t resultStride,
               bool accumulate);
  /// The same for the rows of one tile.
  void rowOfTiles(mlir::Value columnCount, mlir::Value terms, LeftTile left, RightTile right,
                  mlir::Value result, int64_t resultStride, bool accumulate,
                  FetchAhead fetch = nullptr);

  /// The same for rows [0, rowEnd) and all `columns` of an operand that is not laid out, added to
  /// what is there.
  void product(int64_t rowEnd, int64_t columns, mlir::Value terms, LeftTile left, RowsInPlace right,
               mlir::Value result, int64_t resultStride);

  /// Stores `lanes` rows of `lanes` words as columns: vector r becomes lane r of each stored row,
  /// `stride` apart from `pointer` on.
  void storeTransposed(llvm::SmallVector<mlir::Value> vectors, mlir::Value pointer, int64_t stride);
  /// To each of `sums` the products of `lanes` words from its `left` on with those of each of
  /// `lanes` rows, which are turned in registers: for a right operand that few rows use.
  LoopBuilder::Values addTurned(LoopBuilder::Values rows, mlir::ValueRange left,
                                mlir::ValueRange sums);

  LoopBuilder &code;
  mlir::FloatType type; ///< of sums
  const bool pairs;
  const bool blocks;     ///< pairs, multiplied as blocks of 16 rows of 16
  const mlir::Type word; ///< f32, f64, or i32 for a pair
  const int64_t lanes, tileRows, tileVectors;

private:
  mlir::Value multiplyAdd(mlir::Value left, mlir::Value right, mlir::Value sum);
  llvm::SmallVector<mlir::Value> transposed(llvm::SmallVector<mlir::Value> vectors);
  using ColumnsAt = llvm::function_ref<LoopBuilder::Values(mlir::Value k)>;
  void tile(mlir::Value terms, LeftTile left, ColumnsAt columnsAt, mlir::Value result,
            int64_t resultStride, bool accumulate, llvm::function_ref<void(mlir::Value k)> fetch);
  LoopBuilder::Values wordsOf(RowsInPlace right, mlir::Value k, mlir::Value column);
  void blockTile(mlir::Value terms, LeftTile left, mlir::Value panel, RightTile right,
                 mlir::Value result, int64_t resultStride, bool accumulate);
};

} // namespace roux
