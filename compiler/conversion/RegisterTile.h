//===- RegisterTile.h - products of small matrices in scratch memory ------===//
//
// The inner part of matmul and attention on the CPU: operands lie in scratch,
// converted to the accumulator's type, and a register tile runs over them. Sums
// go over k in order, each term by a fused multiply-add, whatever tile a row
// falls into.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/CPULowering.h"

namespace roux {

/// Element (row, k) of a left operand is at row * rowStride + k * termStride.
struct LeftTile {
  mlir::Value pointer;
  int64_t rowStride, termStride;
};

/// Element (k, column) is at column / panel * panelStride + k * termStride + column % panel, where
/// panel is the width of the register tile.
struct RightTile {
  mlir::Value pointer;
  int64_t panelStride, termStride;
};

/// Emits products with one accumulator type.
class Tiles {
public:
  Tiles(CPUFunction &cpu, mlir::FloatType type)
      : code(cpu.code), type(type), lanes(cpu.machine.lanes(type.getWidth())),
        tileRows(cpu.machine.tileRows), tileVectors(cpu.machine.tileVectors) {}

  int64_t panel() const { return lanes * tileVectors; }
  int64_t rows() const { return tileRows; }
  int64_t paddedRows(int64_t count) const { return (count + tileRows - 1) / tileRows * tileRows; }
  int64_t paddedColumns(int64_t count) const { return (count + panel() - 1) / panel() * panel(); }

  /// result(row, column) = sum over k < terms of left(row, k) * right(k, column), added to what is
  /// there if `accumulate`. Rows and columns are rounded up to whole tiles; what lies beyond them
  /// in the operands only reaches what lies beyond them in the result.
  void product(mlir::Value rowCount, mlir::Value columnCount, mlir::Value terms, LeftTile left,
               RightTile right, mlir::Value result, int64_t resultStride, bool accumulate);

  /// Stores `lanes` rows of `lanes` numbers as columns: vector r becomes lane r of each stored row,
  /// `stride` apart from `pointer` on.
  void storeTransposed(llvm::SmallVector<mlir::Value> vectors, mlir::Value pointer, int64_t stride);

  LoopBuilder &code;
  mlir::FloatType type;
  const int64_t lanes, tileRows, tileVectors;

private:
  void tile(mlir::Value terms, LeftTile left, mlir::Value leftAt, RightTile right,
            mlir::Value rightAt, mlir::Value result, int64_t resultStride, bool accumulate);
};

} // namespace roux
