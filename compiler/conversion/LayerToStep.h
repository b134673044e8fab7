//===- LayerToStep.h - one transformer layer as step operations -----------===//
//
// The layer function that `step.layers` calls. It is the only place where the
// families differ in more than names.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/WeightTable.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace roux::step {

/// Element types of a step: what is computed with, and what sums and master weights are kept in.
struct Precision {
  mlir::FloatType stream;
  mlir::FloatType accumulation;
};

/// A weight that is multiplied with a stream is rounded to the stream's type first; all others
/// (norms, biases, tables that are looked up) are read in the accumulation type.
bool isMultiplied(const model::WeightRow &row);

/// Adds `@layer` to `module`: (stream, shared values …, weights of one layer in the table's order
/// …)
/// -> stream. The shared values are cosine and sine for rotary models, then the segments.
mlir::func::FuncOp buildLayer(mlir::ModuleOp module, const model::ModelConfig &config,
                              Precision precision);

/// Where the model's part called `name` is said to be: the config it was read from.
mlir::Location locationOf(mlir::MLIRContext *context, const model::ModelConfig &config,
                          llvm::StringRef name);

/// `tensor<?xNxf32>`.
mlir::RankedTensorType streamType(int64_t channels, mlir::Type element);
/// `tensor<?xi32>`.
mlir::RankedTensorType indexColumnType(mlir::MLIRContext *context);

} // namespace roux::step
