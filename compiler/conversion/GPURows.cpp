//===- GPURows.cpp - the columns of a row over the threads of a GPU -------===//
//
// Sums are lane by lane in a thread, then a tree over its lanes, a tree over
// the warp and a tree over the warps: an order fixed by columns and threads.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/GPURows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

static constexpr int64_t warp = 32;

int64_t GPURows::width(int64_t, unsigned) const {
  return chunk;
}

LoopBuilder::Values GPURows::forColumns(LoopBuilder &code, int64_t columns, int64_t width,
                                        ValueRange carried,
                                        function_ref<LoopBuilder::Values(Chunk, ValueRange)> body) {
  Value first = code.mul(thread, width), end = high ? high : code.index(columns);
  if (low)
    first = code.add(low, first);
  return code.loop(first, end, threads * width, carried, [&](Value column, ValueRange values) {
    return body({column, width, {}}, values);
  });
}

/// `value` of the lane whose number differs in the bits of `distance`.
static Value fromLane(LoopBuilder &code, Value value, int64_t distance) {
  auto exchange = [&](Value part) -> Value {
    return gpu::ShuffleOp::create(code, part, distance, warp, gpu::ShuffleMode::XOR)
        .getShuffleResult();
  };
  if (value.getType().getIntOrFloatBitWidth() == 32)
    return exchange(value);
  Type type = value.getType(); // a shuffle moves 32 bits
  auto halves = VectorType::get(2, code.getI32Type());
  Value bits = vector::BitCastOp::create(code, halves, code.splat(value, 1));
  for (int64_t half = 0; half < 2; ++half) {
    Value part = vector::ExtractOp::create(code, bits, ArrayRef<int64_t>{half});
    bits = vector::InsertOp::create(code, exchange(part), bits, ArrayRef<int64_t>{half});
  }
  Value whole = vector::BitCastOp::create(code, VectorType::get(1, type), bits);
  return vector::ExtractOp::create(code, whole, ArrayRef<int64_t>{0});
}

Value GPURows::warpCombine(LoopBuilder &code, Reduction kind, Value value, int64_t lanes) {
  for (int64_t distance = lanes / 2; distance > 0; distance /= 2)
    value = join(code, kind, value, fromLane(code, value, distance));
  return value;
}

Value GPURows::combine(LoopBuilder &code, Reduction kind, Value lanes) {
  Value value = reduceLanes(code, lanes, [&](Value a, Value b) { return join(code, kind, a, b); });
  value = warpCombine(code, kind, value, warp);
  if (threads <= warp)
    return value;
  Type type = value.getType();
  Type kept = cast<MemRefType>(shared.getType()).getElementType();
  Value lane = code.rem(thread, warp), number = code.div(thread, warp);
  gpu::BarrierOp::create(code); // the last reduction's numbers have been read
  Value first = arith::CmpIOp::create(code, arith::CmpIPredicate::eq, lane, code.index(0));
  code.when(first, {}, [&] {
    memref::StoreOp::create(code, code.convert(value, kept), shared, ValueRange{number});
    return LoopBuilder::Values();
  });
  gpu::BarrierOp::create(code);
  Value other = memref::LoadOp::create(code, shared, ValueRange{code.rem(lane, threads / warp)});
  return warpCombine(code, kind, code.convert(other, type), threads / warp);
}

void GPURows::storeScalar(LoopBuilder &code, Value value, Value pointer) {
  Value first = arith::CmpIOp::create(code, arith::CmpIPredicate::eq, thread, code.index(0));
  code.when(first, {}, [&] {
    code.store(value, pointer);
    return LoopBuilder::Values();
  });
}

/// An element read by every thread (a label's logit) may be about to be overwritten by one.
void GPURows::beforeStores(LoopBuilder &code) {
  if (threads > warp)
    gpu::BarrierOp::create(code);
}
