//===- CPUAttention.h - what attention and its gradients share on the CPU -===//
//
// Both walk blocks of one segment with one side fixed (the item's own
// rows) and the other streaming past. This is the item, read from the work
// list, and the ways its rows get into scratch.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/cpu/RegisterTile.h"

namespace roux {

/// One row of the work list (see kernel.attention and its gradient), as index values.
struct AttentionItem {
  mlir::Value firstRow, rows;         ///< the item's own
  mlir::Value streamBegin, streamEnd; ///< rows of the other side
  mlir::Value position;               ///< of firstRow in the segment
  mlir::Value head;
};

/// What sums over a buffer of queries are kept in: f32, or f64 for f64.
mlir::FloatType sumsOf(mlir::Value query);
/// Column `column` of row `number` of a list of work, as an index.
mlir::Value listed(CPUFunction &cpu, mlir::Value list, mlir::Value number, mlir::Value column);
/// Row `number` of a list whose first columns are an item's.
AttentionItem readItem(CPUFunction &cpu, mlir::Value work, mlir::Value number);

/// The first row of an item of queries that sees key row `key` or one after it, rounded down to
/// whole tiles of any machine.
mlir::Value firstSeeing(LoopBuilder &code, AttentionItem item, mlir::Value key);

/// A buffer of rows of heads, and which head of it is meant.
struct HeadRows {
  mlir::Value pointer;
  mlir::FloatType element;
  int64_t rowColumns; ///< of all heads
  int64_t columns;    ///< of one head
  mlir::Value head;
};

HeadRows headRows(CPUFunction &cpu, mlir::Value buffer, int64_t heads, mlir::Value head);

/// True if the products of attention over such a buffer of queries may be of pairs.
bool attendsInPairs(const TargetDescription &machine, mlir::Value query, int64_t headColumns);

/// Moves rows of heads into scratch, as words of `tiles`.
class HeadCopies {
public:
  explicit HeadCopies(CPUFunction &cpu, Tiles &tiles) : cpu(cpu), tiles(tiles) {}

  /// to[i][c] = rows[first + i][c] * scale, i < count; `stride` words a row. Pairs are not scaled.
  void copy(HeadRows rows, mlir::Value first, mlir::Value count, mlir::Value to, int64_t stride,
            mlir::Value scale = {});
  /// The rows as a right tile whose terms they are: panels of columns.
  void copyPanels(HeadRows rows, mlir::Value first, mlir::Value count, mlir::Value to,
                  int64_t panelStride);
  /// to is a right tile whose columns are the rows, whose terms their columns. Rows from
  /// first + count on repeat the last.
  void transpose(HeadRows rows, mlir::Value first, mlir::Value count, mlir::Value to,
                 int64_t panelStride);
  /// to[l][i] = the sum over c of left[l][c] * rows[first + i][c], for as many i as a vector has
  /// lanes at a time: what `transpose` and a tile would give few rows `left`, words at distances of
  /// `stride`, if their columns are whole vectors. Rows of `to` are `ahead` apart, and rows of
  /// `fetched` are fetched meanwhile that lie as far behind those.
  void multiply(mlir::Value left, int64_t stride, int64_t leftRows, HeadRows rows,
                mlir::Value first, mlir::Value count, mlir::Value to,
                llvm::ArrayRef<HeadRows> fetched, int64_t ahead);
  /// rows[first + i][c] = from[i][c] * (scale or factors[i]), converted to the buffer's type.
  void write(mlir::Value from, int64_t stride, HeadRows rows, mlir::Value first, mlir::Value count,
             mlir::Value scale, mlir::Value factors = {});

  /// Where it is.
  mlir::Value at(HeadRows rows, mlir::Value row, mlir::Value column);

  /// Runs a body for rows from[i] * scale, i < count, of which it is told the indices, `apart` from
  /// each other.
  void pass(mlir::Value from, int64_t stride, mlir::Region &body, mlir::Value firstIndex,
            int64_t apart, mlir::Value count, mlir::Value scale);

private:
  void forColumns(int64_t columns, int64_t width, llvm::function_ref<void(Chunk)> body);
  mlir::Value numbersAt(HeadRows rows, mlir::Value row, Chunk chunk);
  /// Of rows `group` and those after it of the `count` from `first` on, as many as a vector has
  /// lanes: their words at `chunk`. The last row stands for those beyond it.
  llvm::SmallVector<mlir::Value> squareAt(HeadRows rows, mlir::Value first, mlir::Value count,
                                          mlir::Value group, Chunk chunk);

  CPUFunction &cpu;
  Tiles &tiles;
};

/// Zeroes `count` numbers at `pointer`, a whole number of vectors.
void clear(Tiles &tiles, mlir::Value pointer, int64_t count);

} // namespace roux
