//===- RowWriter.h - kernel bodies, one call an operation -----------------===//
//
// Most kernels that step IR becomes are a few lines of row arithmetic. This
// makes them read like it: loads widen to the type that sums are kept in, stores
// narrow, and a scalar that meets a row is spread over it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace roux {

class RowWriter : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;

  /// Floats are computed in `accumulation`.
  RowWriter(mlir::Location place, mlir::FloatType accumulation)
      : ImplicitLocOpBuilder(place, accumulation.getContext()), accumulation(accumulation) {}

  mlir::FloatType type() const { return accumulation; }
  /// Index of the row this body runs for.
  Value row();
  Value index(int64_t value);
  Value number(double value);

  /// A row of `buffer` (all columns from `from` on, or `columns` of them), or a scalar of a column,
  /// as it is stored.
  Value raw(Value buffer, mlir::ValueRange at, int64_t from = 0, int64_t columns = 0);
  /// The same, floats widened.
  Value load(Value buffer, mlir::ValueRange at, int64_t from = 0, int64_t columns = 0);
  /// One element of a row, widened.
  Value element(Value buffer, Value row, Value column);
  /// An i32 of a column as an index.
  Value loadIndex(Value buffer, Value at);
  void store(Value value, Value buffer, Value at, int64_t from = 0);
  /// Adds `value` to the row that is there.
  void accumulate(Value value, Value buffer, Value at);

  Value add(Value a, Value b) { return join<mlir::arith::AddFOp>(a, b); }
  Value sub(Value a, Value b) { return join<mlir::arith::SubFOp>(a, b); }
  Value mul(Value a, Value b) { return join<mlir::arith::MulFOp>(a, b); }
  Value div(Value a, Value b) { return join<mlir::arith::DivFOp>(a, b); }
  /// `scalar` in `columns` columns.
  Value spread(Value scalar, int64_t columns);
  Value sum(Value row);
  Value largest(Value row);

  /// The sum of rows body(j) for j from 0 to `count`.
  Value fold(Value count, int64_t columns, llvm::function_ref<Value(Value j)> body);
  using RowOf = llvm::function_ref<Value(Value row)>;
  /// A kernel.contract with `columns` columns in its result.
  void contract(kernel::Form form, int64_t columns, RowOf left, RowOf right,
                llvm::function_ref<void(Value row, Value sum)> result);

  /// Floats widened or narrowed; everything else as it is.
  Value convert(Value value, mlir::FloatType element);

private:
  template <typename Op>
  Value join(Value a, Value b) {
    if (auto row = mlir::dyn_cast<mlir::VectorType>(b.getType());
        row && !mlir::isa<mlir::VectorType>(a.getType()))
      a = spread(a, row.getDimSize(0));
    else if (auto row = mlir::dyn_cast<mlir::VectorType>(a.getType());
             row && !mlir::isa<mlir::VectorType>(b.getType()))
      b = spread(b, row.getDimSize(0));
    return Op::create(*this, a, b);
  }

  mlir::FloatType accumulation;
};

} // namespace roux
