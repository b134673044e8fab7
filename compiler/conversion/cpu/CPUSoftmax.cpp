//===- CPUSoftmax.cpp - the maths of softmax, many rows at a time ---------===//
//
// The exponential is 2^n * e^rest with n the nearest whole number of ln 2s: half
// the instructions of one that is right for all numbers.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/cpu/CPUSoftmax.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace roux;

Value roux::larger(LoopBuilder &code, Value a, Value b) {
  // Exactly what the processors' maximum does, so it is one instruction.
  Value first = arith::CmpFOp::create(code, arith::CmpFPredicate::OGT, a, b);
  return arith::SelectOp::create(code, first, a, b);
}

Value roux::softmaxExponential(LoopBuilder &code, Value numbers) {
  Type type = numbers.getType();
  if (!getElementTypeOrSelf(type).isF32())
    return math::ExpOp::create(code, numbers);
  auto number = [&](double value) { return code.number(type, value); };
  auto fma = [&](Value a, Value b, Value c) -> Value { return math::FmaOp::create(code, a, b, c); };
  numbers = larger(code, number(-87), numbers);
  // Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits.
  Value magic = number(12582912);
  Value shifted = fma(numbers, number(1.4426950408889634), magic);
  Value whole = arith::SubFOp::create(code, shifted, magic);
  Value rest = fma(whole, number(-0.693145751953125), numbers); // ln 2 in two parts
  rest = fma(whole, number(-1.4286068202862268e-06), rest);
  // A least-squares fit of (e^x - 1) / x at the Chebyshev nodes of half a ln 2 each way, 1e-8 off.
  Value sum = number(0.0013941163197159767);
  for (double term :
       {0.008369186893105507, 0.04166635125875473, 0.16666504740715027, 0.5, 1.0, 1.0})
    sum = fma(sum, rest, number(term));
  Type bits = code.getI32Type();
  Value shift = arith::ConstantOp::create(code, code.getI32IntegerAttr(23));
  if (auto row = dyn_cast<VectorType>(type)) {
    bits = VectorType::get(row.getShape(), bits);
    shift = code.splat(shift, row.getDimSize(0));
  }
  Value power = arith::ShLIOp::create(code, arith::BitcastOp::create(code, bits, shifted), shift);
  Value scaled = arith::AddIOp::create(code, arith::BitcastOp::create(code, bits, sum), power);
  return arith::BitcastOp::create(code, type, scaled);
}

/// tanh is 1 - 2 / (e^2x + 1); near 0 that has no digits left, so a series is taken there.
static Value hyperbolicTangent(LoopBuilder &code, Value x) {
  Type type = x.getType();
  auto number = [&](double value) { return code.number(type, value); };
  if (!getElementTypeOrSelf(type).isF32())
    return math::TanhOp::create(code, x);
  Value far = arith::MinimumFOp::create(code, math::AbsFOp::create(code, x), number(10));
  Value e = softmaxExponential(code, arith::MulFOp::create(code, far, number(2)));
  Value sum = arith::AddFOp::create(code, e, number(1));
  Value large = arith::SubFOp::create(code, number(1), arith::DivFOp::create(code, number(2), sum));
  Value square = arith::MulFOp::create(code, far, far), series = number(62.0 / 2835);
  for (double term : {-17.0 / 315, 2.0 / 15, -1.0 / 3, 1.0})
    series = math::FmaOp::create(code, series, square, number(term));
  Value small = arith::MulFOp::create(code, far, series);
  Value isSmall = arith::CmpFOp::create(code, arith::CmpFPredicate::OLT, far, number(0.25));
  return math::CopySignOp::create(code, arith::SelectOp::create(code, isSmall, small, large), x);
}

Value roux::softcapped(LoopBuilder &code, Value numbers, std::optional<llvm::APFloat> cap) {
  if (!cap)
    return numbers;
  Type type = numbers.getType();
  double bound = cap->convertToDouble();
  Value inner = arith::MulFOp::create(code, numbers, code.number(type, 1 / bound));
  return arith::MulFOp::create(code, hyperbolicTangent(code, inner), code.number(type, bound));
}

Value roux::softcapSlope(LoopBuilder &code, Value slopes, Value capped,
                         std::optional<llvm::APFloat> cap) {
  if (!cap)
    return slopes;
  Type type = slopes.getType();
  Value share = arith::MulFOp::create(code, capped, code.number(type, 1 / cap->convertToDouble()));
  Value less =
      arith::SubFOp::create(code, code.number(type, 1), arith::MulFOp::create(code, share, share));
  return arith::MulFOp::create(code, slopes, less);
}

Value roux::reduceEachRow(LoopBuilder &code, SmallVector<Value> rows,
                          function_ref<Value(Value, Value)> join) {
  int64_t lanes = rows.size();
  assert(cast<VectorType>(rows[0].getType()).getDimSize(0) == lanes);
  // Each turn interleaves two rows' lower and upper halves and joins those: half the rows stay,
  // each with the lanes of twice as many.
  for (int64_t count = lanes / 2; count; count /= 2) {
    for (int64_t i = 0; i < count; ++i) {
      auto interleaved = [&](int64_t half) -> Value {
        SmallVector<int64_t> from;
        for (int64_t lane = 0; lane < lanes; ++lane)
          from.push_back(half * lanes / 2 + lane / 2 + (lane % 2) * lanes);
        return vector::ShuffleOp::create(code, rows[i], rows[i + count], from);
      };
      rows[i] = join(interleaved(0), interleaved(1));
    }
    rows.resize(count);
  }
  return rows[0];
}
