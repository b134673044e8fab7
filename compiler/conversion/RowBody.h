//===- RowBody.h - row bodies cut into chunks, for any target -------------===//
//
// A row body is written for whole rows and run a chunk of columns at a time.
// Scalars are computed once, in the order written; each reduction needs a loop
// over the columns, in which the rows it reads are recomputed from their loads;
// all stores share a last loop. What differs between targets is only how such a
// loop is run and how its parts become one scalar: that is RowTarget.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/LoopBuilder.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/IR/IRMapping.h"

namespace roux {

/// Columns [first, first + width), of which those in `mask`, if given, exist.
struct Chunk {
  mlir::Value first;
  int64_t width;
  mlir::Value mask;
};

/// How a target runs over the columns of a row.
class RowTarget {
public:
  virtual ~RowTarget() = default;
  /// Columns of a chunk in rows of `columns` whose widest element has `bits` bits.
  virtual int64_t width(int64_t columns, unsigned bits) const = 0;
  /// Runs `body` for chunks that cover all `columns`, carrying values (vectors of `width` lanes).
  virtual LoopBuilder::Values
  forColumns(LoopBuilder &code, int64_t columns, int64_t width, mlir::ValueRange carried,
             llvm::function_ref<LoopBuilder::Values(Chunk, mlir::ValueRange)> body) = 0;
  /// All lanes of `lanes`, of every thread of the row, as one scalar known to all of them.
  virtual mlir::Value combine(LoopBuilder &code, kernel::Reduction kind, mlir::Value lanes) = 0;
  /// Stores a row's scalar, once.
  virtual void storeScalar(LoopBuilder &code, mlir::Value value, mlir::Value pointer) = 0;
  /// Rows whose sum is begun anew in a fold.
  virtual int64_t foldBlock() const = 0;
  /// Called between the scalars and the stores: what was read before is read before any is written.
  virtual void beforeStores(LoopBuilder &code) {}
};

/// Two values joined as a reduction joins them; lane by lane if they are vectors.
mlir::Value join(LoopBuilder &code, kernel::Reduction kind, mlir::Value a, mlir::Value b);

/// Emits one row body for one row. Buffers, scalars and the row's index are in the mapping given:
/// buffers as pointers.
class RowBody {
public:
  /// What a row that is an argument of the body, a matmul's sum, is at a chunk.
  using RowsGiven = llvm::function_ref<mlir::Value(mlir::Value row, Chunk chunk)>;

  RowBody(LoopBuilder &code, mlir::Block &body, mlir::IRMapping known,
          RowsGiven rowsGiven = nullptr)
      : code(code), body(body), known(std::move(known)), rowsGiven(rowsGiven) {}

  /// Sums over the launch's rows are added to row `block` of what gathers them.
  void gatherIn(mlir::Value block) { foldedRows = block; }
  /// The whole body: scalars, a loop a set of reductions, the stores.
  void emit(RowTarget &target);

  /// For bodies without reductions: the scalars, before any chunk.
  void emitScalars(RowTarget &target);
  /// What a scalar of the body, or around it, is.
  mlir::Value valueOf(mlir::Value scalar) const { return known.lookup(scalar); }
  /// For bodies without reductions: what `row` is at `chunk`. `rows` holds rows at that chunk and
  /// grows by what is computed.
  mlir::Value rowAt(mlir::Value row, Chunk chunk, llvm::DenseMap<mlir::Value, mlir::Value> &rows);
  /// For bodies without reductions: the stores of rows, at `chunk`, where `rows` are known.
  void storesAt(Chunk chunk, llvm::DenseMap<mlir::Value, mlir::Value> rows =
                                 llvm::DenseMap<mlir::Value, mlir::Value>());
  /// The sum of rows [first, stop) of a fold at `chunk`, in order; the rows around it are in
  /// `outside`. `together` of them are read before the first of those is added.
  mlir::Value sumOf(kernel::FoldOp op, Chunk chunk, mlir::Value first, mlir::Value stop,
                    const llvm::DenseMap<mlir::Value, mlir::Value> &outside, int64_t together = 1);

  /// Bits of the widest element of any row in `body`, at least 32.
  static unsigned widestElement(mlir::Block &body);
  /// The columns stored by a body whose rows may be split into strips, for it folds over other rows
  /// and reduces nothing; else 0.
  static int64_t splittableColumns(mlir::Block &body);
  /// Whether it is such a body and its folds are over as many rows whichever row it runs for: a
  /// sum over all tokens, launched for one row.
  static bool foldsAllRows(mlir::Block &body);

private:
  void emitScalar(mlir::Operation &op, RowTarget &target);
  void reducePending(RowTarget &target);
  void storeRows(RowTarget &target);
  mlir::Value foldedRow(kernel::FoldOp op, Chunk chunk, mlir::Value j,
                        const llvm::DenseMap<mlir::Value, mlir::Value> &outside);
  mlir::Value fold(kernel::FoldOp op, Chunk chunk,
                   llvm::DenseMap<mlir::Value, mlir::Value> &outside);
  mlir::Value pointer(mlir::Value buffer, mlir::ValueRange indices, mlir::Value from);

  LoopBuilder &code;
  mlir::Block &body;
  mlir::IRMapping known;
  RowsGiven rowsGiven;
  int64_t foldBlock = 0; ///< the target's
  mlir::Value foldedRows;
  llvm::SmallVector<kernel::ReduceOp> pending;
};

} // namespace roux
