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

/// Where a layer's keys and values are.
enum class LayerKind : uint8_t {
  Whole,   ///< in the stream: `@layer`
  Prefill, ///< in a cache that the stream's are appended to: `@prefill_layer`
  Decode,  ///< the same, with one token a sequence: `@decode_layer`
};

/// Adds a layer to `module`: (stream, shared values …, weights of one layer in the table's order …,
/// caches) -> (stream, caches). The shared values are cosine and sine for rotary models, then the
/// segments or, with the caches of keys and values, the columns first and slot.
mlir::func::FuncOp buildLayer(mlir::ModuleOp module, const model::ModelConfig &config,
                              Precision precision, LayerKind kind = LayerKind::Whole);

/// Where the model's part called `name` is said to be: the config it was read from.
mlir::Location locationOf(mlir::MLIRContext *context, const model::ModelConfig &config,
                          llvm::StringRef name);

/// `tensor<?xNxf32>`.
mlir::RankedTensorType streamType(int64_t channels, mlir::Type element);
/// `tensor<?xi32>`.
mlir::RankedTensorType indexColumnType(mlir::MLIRContext *context);

} // namespace roux::step
