//===- LoopBuilder.cpp - the loops, addresses and moves kernels are made of ===//
//
// See the header. Memory is addressed through LLVM pointers, not memrefs: a
// kernel's buffers are plain arrays whose strides are known, and both targets
// translate these ops as they are.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/LoopBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace roux;

Value LoopBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, value);
}
Value LoopBuilder::add(Value a, Value b) {
  return createOrFold<arith::AddIOp>(a, b);
}
Value LoopBuilder::sub(Value a, Value b) {
  return createOrFold<arith::SubIOp>(a, b);
}
Value LoopBuilder::mul(Value a, int64_t b) {
  return b == 1 ? a : mul(a, index(b));
}
Value LoopBuilder::mul(Value a, Value b) {
  return createOrFold<arith::MulIOp>(a, b);
}
Value LoopBuilder::div(Value a, int64_t b) {
  return b == 1 ? a : div(a, index(b));
}
Value LoopBuilder::div(Value a, Value b) {
  return createOrFold<arith::DivUIOp>(a, b);
}
Value LoopBuilder::rem(Value a, int64_t b) {
  return createOrFold<arith::RemUIOp>(a, index(b));
}
Value LoopBuilder::min(Value a, Value b) {
  return createOrFold<arith::MinSIOp>(a, b);
}
Value LoopBuilder::max(Value a, Value b) {
  return createOrFold<arith::MaxSIOp>(a, b);
}
Value LoopBuilder::roundUp(Value a, int64_t unit) {
  return mul(div(add(a, unit - 1), unit), unit);
}

Value LoopBuilder::number(Type type, double value) {
  FloatAttr scalar = getFloatAttr(getElementTypeOrSelf(type), value);
  if (auto row = dyn_cast<VectorType>(type))
    return arith::ConstantOp::create(*this, DenseElementsAttr::get(row, scalar));
  return arith::ConstantOp::create(*this, scalar);
}

Value LoopBuilder::splat(Value scalar, int64_t width) {
  return vector::BroadcastOp::create(*this, VectorType::get(width, scalar.getType()), scalar);
}

Value LoopBuilder::address(Value base, Type element, Value at) {
  Value offset = arith::IndexCastOp::create(*this, getI64Type(), at);
  return LLVM::GEPOp::create(*this, base.getType(), element, base, ValueRange{offset});
}

static unsigned alignment(Type type, bool alignedVectors) {
  Type element = getElementTypeOrSelf(type);
  if (isa<LLVM::LLVMPointerType>(element))
    return 8;
  unsigned bytes = element.getIntOrFloatBitWidth() / 8;
  if (auto row = dyn_cast<VectorType>(type); row && alignedVectors)
    return std::min<unsigned>(16, bytes * row.getDimSize(0));
  return bytes;
}

/// How `type` is moved: bf16 as integers, for LLVM may legalise a bf16 select through f32 and call
/// a runtime function to come back.
static Type movedAs(Type type) {
  if (!getElementTypeOrSelf(type).isBF16())
    return type;
  Type bits = IntegerType::get(type.getContext(), 16);
  auto row = dyn_cast<VectorType>(type);
  return row ? VectorType::get(row.getShape(), bits) : bits;
}

Value LoopBuilder::load(Type type, Value pointer, Value mask) {
  if (movedAs(type) != type)
    return arith::BitcastOp::create(*this, type, load(movedAs(type), pointer, mask));
  if (!mask)
    return LLVM::LoadOp::create(*this, type, pointer, alignment(type, alignedVectors));
  Value zero = arith::ConstantOp::create(*this, getZeroAttr(type));
  return LLVM::MaskedLoadOp::create(*this, type, pointer, mask, zero,
                                    getI32IntegerAttr(alignment(type, alignedVectors)));
}

void LoopBuilder::store(Value value, Value pointer, Value mask) {
  if (Type moved = movedAs(value.getType()); moved != value.getType())
    value = arith::BitcastOp::create(*this, moved, value);
  unsigned bytes = alignment(value.getType(), alignedVectors);
  if (mask)
    LLVM::MaskedStoreOp::create(*this, value, pointer, mask, getI32IntegerAttr(bytes));
  else
    LLVM::StoreOp::create(*this, value, pointer, bytes);
}

void LoopBuilder::prefetch(Value pointer, bool toWrite, int64_t level) {
  LLVM::Prefetch::create(*this, pointer, /*rw=*/toWrite, /*hint=*/4 - level, /*cache=*/1);
}

Value LoopBuilder::convert(Value value, Type element) {
  Type from = getElementTypeOrSelf(value.getType()), to = element;
  if (auto row = dyn_cast<VectorType>(value.getType()))
    to = VectorType::get(row.getShape(), element);
  if (from == element)
    return value;
  if (from.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth())
    return arith::ExtFOp::create(*this, to, value);
  return arith::TruncFOp::create(*this, to, value);
}

LoopBuilder::Values LoopBuilder::loop(Value begin, Value end, int64_t step, ValueRange carried,
                                      function_ref<Values(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(*this, begin, end, index(step), carried);
  InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  Values next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!carried.empty())
    scf::YieldOp::create(*this, next);
  return Values(loop.getResults());
}

void LoopBuilder::loop(Value begin, Value end, int64_t step, function_ref<void(Value)> body) {
  loop(begin, end, step, {}, [&](Value i, ValueRange) {
    body(i);
    return Values();
  });
}

LoopBuilder::Values LoopBuilder::when(Value condition, ValueRange values,
                                      function_ref<Values()> body) {
  bool carries = !values.empty();
  auto choice = scf::IfOp::create(*this, values.getTypes(), condition, /*withElse=*/carries);
  InsertionGuard guard(*this);
  setInsertionPointToStart(&choice.getThenRegion().front());
  Values then = body();
  if (!carries)
    return {};
  scf::YieldOp::create(*this, then);
  setInsertionPointToStart(&choice.getElseRegion().front());
  scf::YieldOp::create(*this, values);
  return Values(choice.getResults());
}

void LoopBuilder::either(Value condition, function_ref<void()> body,
                         function_ref<void()> otherwise) {
  auto choice = scf::IfOp::create(*this, condition, /*withElse=*/true);
  InsertionGuard guard(*this);
  setInsertionPointToStart(&choice.getThenRegion().front());
  body();
  setInsertionPointToStart(&choice.getElseRegion().front());
  otherwise();
}

Value roux::reduceLanes(LoopBuilder &code, Value lanes, function_ref<Value(Value, Value)> join) {
  int64_t width = cast<VectorType>(lanes.getType()).getDimSize(0);
  for (; width > 1; width /= 2) {
    auto half = [&](int64_t from) {
      return vector::ShuffleOp::create(code, lanes, lanes,
                                       llvm::to_vector(llvm::seq(from, from + width / 2)));
    };
    lanes = join(half(0), half(width / 2));
  }
  return vector::ExtractOp::create(code, lanes, ArrayRef<int64_t>{0});
}
