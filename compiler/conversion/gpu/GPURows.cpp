//===- GPURows.cpp - the columns of a row over the threads of a GPU -------===//
//
// Sums are lane by lane in a thread, then a tree over its lanes, a tree over
// the warp and a tree over the warps, neighbours first each time: an order fixed
// by the columns of the row.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/gpu/GPURows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

static constexpr int64_t warp = 32;

int64_t roux::columnsSideBySide(int64_t columns) {
  constexpr int64_t whole = 64, most = 2048, mostThreads = 512;
  if (columns <= whole)
    return llvm::bit_ceil<uint64_t>(columns);
  int64_t half = llvm::bit_floor<uint64_t>(llvm::divideCeil(columns, 2));
  // Where accesses cannot be wide, threads do not suffice for as many.
  return std::min(std::clamp(half, whole, most), mostThreads * std::gcd(columns, int64_t(8)));
}

int64_t GPURows::width(int64_t, unsigned) const {
  return chunk;
}

LoopBuilder::Values GPURows::forColumns(LoopBuilder &code, int64_t columns, int64_t width,
                                        ValueRange carried,
                                        function_ref<LoopBuilder::Values(Chunk, ValueRange)> body) {
  Value first = code.mul(thread, width), end = high ? high : code.index(columns);
  if (int64_t side = columnsSideBySide(columns); !carried.empty() && threads * width > side) {
    Value adds = arith::CmpIOp::create(code, arith::CmpIPredicate::slt, first, code.index(side));
    first = arith::SelectOp::create(code, adds, first, end);
    return code.loop(first, end, side, carried, [&](Value column, ValueRange values) {
      return body({column, width, {}}, values);
    });
  }
  // The same number of chunks for every thread is a loop of known length, which LLVM unrolls.
  if (!low && columns % (threads * width) == 0)
    return code.loop(code.index(0), end, threads * width, carried,
                     [&](Value column, ValueRange values) {
                       return body({code.add(column, first), width, {}}, values);
                     });
  if (low)
    first = code.add(low, first);
  return code.loop(first, end, threads * width, carried, [&](Value column, ValueRange values) {
    return body({column, width, {}}, values);
  });
}

/// The lanes of a warp that share this one's row, as bits: other rows of the warp may not exist.
static Value lanesOfRow(LoopBuilder &code, int64_t lanes) {
  if (lanes == warp)
    return arith::ConstantIntOp::create(code, -1, 32);
  Value lane = gpu::LaneIdOp::create(code, IntegerAttr());
  Value first = code.mul(code.div(lane, lanes), lanes);
  Value shift = arith::IndexCastOp::create(code, code.getI32Type(), first);
  Value bits = arith::ConstantIntOp::create(code, (int64_t(1) << lanes) - 1, 32);
  return arith::ShLIOp::create(code, bits, shift);
}

/// `value` of the lane whose number differs in the bits of `distance`, of rows of `lanes` lanes.
static Value fromLane(LoopBuilder &code, Value value, int64_t distance, int64_t lanes) {
  auto exchange = [&](Value part) -> Value {
    if (lanes == warp)
      return gpu::ShuffleOp::create(code, part, distance, warp, gpu::ShuffleMode::XOR)
          .getShuffleResult();
    // gpu.shuffle knows the first lanes of a warp only.
    auto number = [&](int64_t n) { return arith::ConstantIntOp::create(code, n, 32); };
    return NVVM::ShflOp::create(code, part.getType(), lanesOfRow(code, lanes), part,
                                number(distance), number(warp - 1), NVVM::ShflKind::bfly, {});
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

Value roux::exchanged(LoopBuilder &code, Value value, int64_t distance) {
  return fromLane(code, value, distance, warp);
}

Value GPURows::warpCombine(LoopBuilder &code, Reduction kind, Value value, int64_t lanes) {
  int64_t together = std::min(threads, warp); // that reach this
  for (int64_t distance = 1; distance < lanes; distance *= 2)
    value = join(code, kind, value, fromLane(code, value, distance, together));
  return value;
}

Value GPURows::combine(LoopBuilder &code, Reduction kind, Value lanes) {
  for (int64_t width = cast<VectorType>(lanes.getType()).getDimSize(0); width > 1; width /= 2) {
    auto everySecond = [&](int64_t first) {
      auto from =
          llvm::map_to_vector(llvm::seq(width / 2), [&](int64_t i) { return 2 * i + first; });
      return vector::ShuffleOp::create(code, lanes, lanes, from);
    };
    lanes = join(code, kind, everySecond(0), everySecond(1));
  }
  Value value = vector::ExtractOp::create(code, lanes, ArrayRef<int64_t>{0});
  value = warpCombine(code, kind, value, std::min(threads, warp));
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
  else
    NVVM::SyncWarpOp::create(code, lanesOfRow(code, threads));
}
