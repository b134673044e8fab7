//===- RegisterTile.cpp - products of small matrices in scratch memory ----===//
//
// The register tile: its accumulators live in registers for the whole sum, each
// turn loads one row of vectors of the right operand and broadcasts one number
// per row of the left.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/RegisterTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace roux;

Value Tiles::pairUp(Value first, Value second) {
  int64_t width = cast<VectorType>(first.getType()).getDimSize(0);
  auto bits = VectorType::get(width, code.getI16Type());
  SmallVector<int64_t> from;
  for (int64_t lane = 0; lane < width; ++lane)
    from.append({lane, width + lane});
  Value both = vector::ShuffleOp::create(code, arith::BitcastOp::create(code, bits, first),
                                         arith::BitcastOp::create(code, bits, second), from);
  return vector::BitCastOp::create(code, VectorType::get(width, word), both);
}

Value Tiles::rounded(Value numbers) {
  if (!pairs)
    return numbers;
  auto type = VectorType::get(lanes, code.getBF16Type());
  return LLVM::CallIntrinsicOp::create(
             code, type, code.getStringAttr("llvm.x86.avx512bf16.cvtneps2bf16.512"), numbers)
      .getResult(0);
}

Value Tiles::multiplyAdd(Value left, Value right, Value sum) {
  if (!pairs)
    return math::FmaOp::create(code, left, right, sum);
  auto numbers = VectorType::get(2 * lanes, code.getBF16Type());
  Value a = vector::BitCastOp::create(code, numbers, left);
  Value b = vector::BitCastOp::create(code, numbers, right);
  return LLVM::CallIntrinsicOp::create(code, sum.getType(),
                                       code.getStringAttr("llvm.x86.avx512bf16.dpbf16ps.512"),
                                       ValueRange{sum, a, b})
      .getResult(0);
}

void Tiles::tile(Value terms, LeftTile left, Value leftAt, RightTile right, Value rightAt,
                 Value result, int64_t resultStride, bool accumulate) {
  auto vector = VectorType::get(lanes, type), words = VectorType::get(lanes, word);
  auto resultAt = [&](int64_t row, int64_t v) {
    return code.address(result, type, code.index(row * resultStride + v * lanes));
  };
  LoopBuilder::Values sums;
  for (int64_t row = 0; row < tileRows; ++row)
    for (int64_t v = 0; v < tileVectors; ++v)
      sums.push_back(accumulate ? code.load(vector, resultAt(row, v)) : code.number(vector, 0));
  sums = code.loop(code.index(0), terms, 1, sums, [&](Value k, ValueRange carried) {
    LoopBuilder::Values columns, next;
    Value rightRow =
        code.address(right.pointer, word, code.add(rightAt, code.mul(k, right.termStride)));
    for (int64_t v = 0; v < tileVectors; ++v)
      columns.push_back(code.load(words, code.address(rightRow, word, code.index(v * lanes))));
    Value leftColumn =
        code.address(left.pointer, word, code.add(leftAt, code.mul(k, left.termStride)));
    for (int64_t row = 0; row < tileRows; ++row) {
      Value number =
          code.load(word, code.address(leftColumn, word, code.index(row * left.rowStride)));
      Value broadcast = code.splat(number, lanes);
      for (int64_t v = 0; v < tileVectors; ++v)
        next.push_back(multiplyAdd(broadcast, columns[v], carried[row * tileVectors + v]));
    }
    return next;
  });
  for (int64_t row = 0; row < tileRows; ++row)
    for (int64_t v = 0; v < tileVectors; ++v)
      code.store(sums[row * tileVectors + v], resultAt(row, v));
}

void Tiles::product(Value rowCount, Value columnCount, Value terms, LeftTile left, RightTile right,
                    Value result, int64_t resultStride, bool accumulate) {
  Value zero = code.index(0);
  code.loop(zero, columnCount, panel(), [&](Value column) {
    Value rightAt = code.mul(code.div(column, panel()), right.panelStride);
    code.loop(zero, rowCount, tileRows, [&](Value row) {
      Value at = code.add(code.mul(row, resultStride), column);
      tile(terms, left, code.mul(row, left.rowStride), right, rightAt,
           code.address(result, type, at), resultStride, accumulate);
    });
  });
}

void Tiles::storeTransposed(SmallVector<Value> vectors, Value pointer, int64_t stride) {
  assert(static_cast<int64_t>(vectors.size()) == lanes);
  // Interleaving the first half with the second, log2(lanes) times, is a transposition.
  for (int64_t turn = 1; turn < lanes; turn *= 2) {
    SmallVector<Value> next;
    for (int64_t i = 0; i < lanes / 2; ++i)
      for (int64_t half = 0; half < 2; ++half) {
        SmallVector<int64_t> lanesOf;
        for (int64_t lane = 0; lane < lanes; ++lane)
          lanesOf.push_back(half * lanes / 2 + lane / 2 + (lane % 2) * lanes);
        next.push_back(
            vector::ShuffleOp::create(code, vectors[i], vectors[i + lanes / 2], lanesOf));
      }
    vectors = std::move(next);
  }
  for (int64_t k = 0; k < lanes; ++k)
    code.store(vectors[k], code.address(pointer, word, code.index(k * stride)));
}
