//===- CPUSoftmax.h - the maths of softmax, many rows at a time -----------===//
//
// Beside its products attention takes one exponential a score and two numbers a
// row. Taken row by row those two wait for each other; here as many rows as a
// vector has lanes are reduced together.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/LoopBuilder.h"

namespace roux {

/// e to the power of each lane, to one unit in the last place in f32, for numbers up to 88; from
/// -87 down it stays e^-87. NaN stays NaN.
mlir::Value softmaxExponential(LoopBuilder &code, mlir::Value numbers);

/// cap * tanh(number / cap) of each lane, by the exponential above; without a cap, the numbers.
mlir::Value softcapped(LoopBuilder &code, mlir::Value numbers, std::optional<llvm::APFloat> cap);
/// What `slopes` with respect to capped numbers are with respect to those before.
mlir::Value softcapSlope(LoopBuilder &code, mlir::Value slopes, mlir::Value capped,
                         std::optional<llvm::APFloat> cap);

/// The larger of each lane; where one is NaN, `b`.
mlir::Value larger(LoopBuilder &code, mlir::Value a, mlir::Value b);

/// As many rows as each has lanes; lane r of the result is the lanes of row r, joined in a tree.
mlir::Value reduceEachRow(LoopBuilder &code, llvm::SmallVector<mlir::Value> rows,
                          llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> join);

} // namespace roux
