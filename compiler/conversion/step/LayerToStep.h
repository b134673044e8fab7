//===- LayerToStep.h - one transformer layer as step operations -----------===//
//
// The layer functions that `step.layers` calls: one, or one for each kind of layer
// that the model has.
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

/// What `dtype` says streams are.
enum class StreamType : uint8_t { F32, BF16, F64 };
Precision precisionOf(mlir::MLIRContext &context, StreamType type);

/// A weight that is multiplied with a stream is rounded to the stream's type first; all others
/// (norms, biases, tables that are looked up) are read in the accumulation type.
bool isMultiplied(const model::WeightRow &row);

/// Where a layer's keys and values are.
enum class LayerKind : uint8_t {
  Whole,   ///< in the stream: `@layer`
  Prefill, ///< in a cache that the stream's are appended to: `@prefill_layer`
  Decode,  ///< the same, with one token a sequence: `@decode_layer`
  Dropped, ///< in the stream, and adapters leave out some of what they read: `@dropped_layer`
};
/// True if keys and values are in a cache.
inline bool isCached(LayerKind kind) {
  return kind == LayerKind::Prefill || kind == LayerKind::Decode;
}

/// Which rotary positions some layer of the model turns by, in the order of the shared values.
std::vector<model::LayerKind::Turn> turnsOf(const model::ModelConfig &config);

/// Adds a layer called `name` to `module`: (stream, shared values …, weights of one layer in the
/// table's order …, caches) -> (stream, caches). The shared values are cosine and sine for each of
/// turnsOf(), then the segments or, with the caches of keys and values, the columns first and slot.
/// A layer that drops takes the column noise after the segments, and its number as its last weight.
mlir::func::FuncOp buildLayer(mlir::ModuleOp module, const model::ModelConfig &config,
                              Precision precision, llvm::StringRef name, model::LayerKind differs,
                              LayerKind kind = LayerKind::Whole);

/// The model's norm of `rows`, or of `groups` equal pieces of each; `bias` where it has one.
mlir::Value buildNorm(mlir::OpBuilder &b, mlir::Location place, const model::ModelConfig &config,
                      mlir::Value rows, mlir::Value gain, mlir::Value bias, int64_t groups = 1);

/// Names of what an adapter adds begin with this.
inline constexpr llvm::StringLiteral adapterPrefix = "adapter_";
/// The name of what keeps the gradient's norm below a limit.
inline constexpr llvm::StringLiteral clipName = "clip";

/// Where the model's part called `name` is said to be: the config it was read from.
mlir::Location locationOf(mlir::MLIRContext *context, const model::ModelConfig &config,
                          llvm::StringRef name);

/// `tensor<?xNxf32>`.
mlir::RankedTensorType streamType(int64_t channels, mlir::Type element);
/// `tensor<?xi32>`.
mlir::RankedTensorType indexColumnType(mlir::MLIRContext *context);

} // namespace roux::step
