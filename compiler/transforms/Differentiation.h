//===- Differentiation.h - reverse mode over one block --------------------===//
//
// The part of step-grad that does not know about functions: walks a block
// backwards and keeps, for every value, the sum of what it is owed.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Step/Step.h"
#include "mlir/IR/Builders.h"

namespace roux::step {

/// What changes when one of `roots` does: they, and all that `operations` compute from them.
llvm::DenseSet<mlir::Value> reachedFrom(llvm::ArrayRef<mlir::Operation *> operations,
                                        mlir::ValueRange roots);

/// The gradients known so far, by value of the forward computation.
class GradientTable {
public:
  explicit GradientTable(mlir::OpBuilder &builder) : builder(builder) {}
  /// Knows gradients of `wanted` only: what nothing trained reaches is owed nothing.
  GradientTable(mlir::OpBuilder &builder, llvm::DenseSet<mlir::Value> wanted)
      : builder(builder), wanted(std::move(wanted)) {}

  bool isWanted(mlir::Value value) const { return !wanted || wanted->contains(value); }
  /// Null if nothing was owed to `value`.
  mlir::Value lookup(mlir::Value value) const { return table.lookup(value); }
  /// Adds `gradient` to what `value` is owed: to its accumulator, where it has one.
  void add(mlir::Value value, mlir::Value gradient);

  /// What `value`, a parameter, is owed is added to `accumulator`; that of a rounded copy, too.
  void accumulate(mlir::Value value, mlir::Value accumulator) { sums[value] = accumulator; }
  /// What the accumulator of `value` has come to; null if it has none.
  mlir::Value sum(mlir::Value value) const { return sums.lookup(parameterOf(value)); }
  void setSum(mlir::Value value, mlir::Value sum) { sums[parameterOf(value)] = sum; }

private:
  /// The parameter that `value` is a rounded copy of, if it is one with an accumulator.
  mlir::Value parameterOf(mlir::Value value) const;

  mlir::OpBuilder &builder;
  std::optional<llvm::DenseSet<mlir::Value>> wanted;
  llvm::DenseMap<mlir::Value, mlir::Value> table, sums;
};

/// Differentiates a `step.layers`, given the gradient of its result.
using DifferentiateLayers =
    llvm::function_ref<llvm::LogicalResult(LayersOp call, mlir::Value gradient, GradientTable &)>;

/// Builds at `builder` the gradients of everything `operations` (in program order) read, starting
/// from what `gradients` holds. An operation that is owed something and has no gradient is an
/// error.
llvm::LogicalResult differentiate(llvm::ArrayRef<mlir::Operation *> operations,
                                  mlir::OpBuilder &builder, GradientTable &gradients,
                                  DifferentiateLayers differentiateLayers);

} // namespace roux::step
