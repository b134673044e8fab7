//===- ExpressionToArith.h - a recipe's formula as arith and math ---------===//
//
// The other half of "one meaning per expression": the evaluator of
// runtime/Expression interprets a tree, this emits the same tree as operations,
// for the loss and the weight inside a kernel.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Expression.h"

#include "mlir/IR/Builders.h"

namespace roux {

/// Where a node was written.
using LocateNode = llvm::function_ref<mlir::Location(const Expression::Node &)>;
/// The value of a node whose operation is Read or Let, a float of the formula's type; null where
/// the formula cannot have it, which the emitter reports.
using ReadNode = llvm::function_ref<mlir::Value(const Expression::Node &)>;

/// Emits `expression` at `builder` in floats of `type`; a truth value comes back as 0 or 1. Reports
/// at the node's place what arithmetic on a device cannot express: texts, reductions, draws,
/// models.
llvm::FailureOr<mlir::Value> emitExpression(const Expression &expression, mlir::OpBuilder &builder,
                                            mlir::FloatType type, LocateNode locate, ReadNode read);

} // namespace roux
