//===- LoopBuilder.h - the loops, addresses and moves kernels are made of -===//
//
// Both targets emit the same few things: counted loops, 64-bit addresses,
// vector loads and stores that may be masked. Written out with MLIR's builders
// each takes four lines; here it takes one, so that a lowering reads like the
// loop nest it makes.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace roux {

/// What `builder` makes while this lives has another place.
class BuiltAt {
public:
  BuiltAt(mlir::ImplicitLocOpBuilder &builder, mlir::Location place)
      : builder(builder), before(builder.getLoc()) {
    builder.setLoc(place);
  }
  ~BuiltAt() { builder.setLoc(before); }
  BuiltAt(const BuiltAt &) = delete;
  BuiltAt &operator=(const BuiltAt &) = delete;

private:
  mlir::ImplicitLocOpBuilder &builder;
  mlir::Location before;
};

/// Builds index arithmetic, loops and memory accesses at one location.
class LoopBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;
  using Value = mlir::Value;
  using Values = llvm::SmallVector<mlir::Value>;

  /// Whether vectors in memory lie at multiples of their size (up to 16 bytes). A GPU reads only
  /// such vectors in one access; on a CPU it makes no difference.
  bool alignedVectors = false;

  Value index(int64_t value);
  Value add(Value a, Value b);
  Value add(Value a, int64_t b) { return b ? add(a, index(b)) : a; }
  Value sub(Value a, Value b);
  Value mul(Value a, int64_t b);
  Value mul(Value a, Value b);
  Value div(Value a, int64_t b);
  Value div(Value a, Value b);
  Value rem(Value a, int64_t b);
  /// Of signed values.
  Value min(Value a, Value b);
  Value max(Value a, Value b);
  /// The least multiple of `unit` that is at least `a`.
  Value roundUp(Value a, int64_t unit);

  /// A number as `type`, a float or a vector of floats.
  Value number(mlir::Type type, double value);
  /// `scalar` in every lane.
  Value splat(Value scalar, int64_t width);

  /// Address of element `at` (an index) of an array of `element` at `base`.
  Value address(Value base, mlir::Type element, Value at);
  /// `type` (a scalar or a vector) at `pointer`; lanes outside `mask`, if given, are zero.
  Value load(mlir::Type type, Value pointer, Value mask = {});
  void store(Value value, Value pointer, Value mask = {});
  /// Says that what is at `pointer`, which may be anywhere, will be read, or written: to the cache
  /// of that level.
  void prefetch(Value pointer, bool toWrite = false, int64_t level = 1);
  /// The number as another float type, in each lane.
  Value convert(Value value, mlir::Type element);

  /// for (i = begin; i < end; i += step) with values carried from turn to turn.
  Values loop(Value begin, Value end, int64_t step, mlir::ValueRange carried,
              llvm::function_ref<Values(Value i, mlir::ValueRange carried)> body);
  void loop(Value begin, Value end, int64_t step, llvm::function_ref<void(Value i)> body);
  /// if (condition) values = body(); else they stay.
  Values when(Value condition, mlir::ValueRange values, llvm::function_ref<Values()> body);
  /// if (condition) body(); else otherwise();
  void either(Value condition, llvm::function_ref<void()> body,
              llvm::function_ref<void()> otherwise);
};

/// The lanes of `lanes` joined in a tree: first half with second half, down to one.
mlir::Value reduceLanes(LoopBuilder &code, mlir::Value lanes,
                        llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> join);

} // namespace roux
