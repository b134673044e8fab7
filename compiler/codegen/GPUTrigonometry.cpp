//===- GPUTrigonometry.cpp - sine and cosine of f64 without a library ------===//
//
// Rotary angles are f64, positions times frequencies. CUDA's libdevice has a path for
// angles of any size, with a table, a call and a loop that no angle of a position
// enters. Here the multiple of pi/2 is taken away in three parts, whose rounding is
// below that of the result as long as it is below 2^31, and a series ends the work.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace roux {
#define GEN_PASS_DEF_EXPANDGPUTRIGONOMETRY
#include "compiler/codegen/Passes.h.inc"
} // namespace roux

using namespace mlir;

namespace {
/// Code that computes one sine or cosine.
class Trigonometry {
public:
  Trigonometry(ImplicitLocOpBuilder &code, Value angle) : code(code) { reduce(angle); }

  /// Of the angle, and `quarters` of a turn more.
  Value sine(int64_t quarters);

private:
  Value number(double value) {
    return arith::ConstantOp::create(code, code.getF64FloatAttr(value));
  }
  Value integer(int64_t value) {
    return arith::ConstantOp::create(code, code.getI64IntegerAttr(value));
  }
  Value fma(Value a, Value b, Value c) { return math::FmaOp::create(code, a, b, c); }
  Value hasBit(Value bits, int64_t bit) {
    Value masked = arith::AndIOp::create(code, bits, integer(bit));
    return arith::CmpIOp::create(code, arith::CmpIPredicate::ne, masked, integer(0));
  }
  void reduce(Value angle);
  Value series(ArrayRef<double> coefficients);

  ImplicitLocOpBuilder &code;
  Value rest, square; ///< in [-pi/4, pi/4], and its square
  Value turns;        ///< quarters of a turn that were taken away, in the low bits
};
} // namespace

void Trigonometry::reduce(Value angle) {
  // Added to a number it leaves the nearest integer in its last bits.
  constexpr double rounder = 0x1.8p52;
  // The three add up to pi/2, each with the bits that the one before has not.
  constexpr double parts[] = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110};
  Value shifted = fma(angle, number(0x1.45f306dc9c883p-1), number(rounder));
  turns = arith::BitcastOp::create(code, code.getI64Type(), shifted);
  Value back = arith::SubFOp::create(code, number(rounder), shifted); // minus the multiple
  rest = angle;
  for (double part : parts)
    rest = fma(back, number(part), rest);
  square = arith::MulFOp::create(code, rest, rest);
}

/// Highest first, in the square.
Value Trigonometry::series(ArrayRef<double> coefficients) {
  Value sum = number(coefficients.front());
  for (double next : coefficients.drop_front())
    sum = fma(sum, square, number(next));
  return sum;
}

/// ±1/n! of the terms of a series from the last to the first.
static SmallVector<double> inverseFactorials(int64_t last) {
  SmallVector<double> terms;
  for (int64_t n = last; n >= 0; n -= 2) {
    double factorial = 1; // exact up to 18!
    for (int64_t i = 2; i <= n; ++i)
      factorial *= static_cast<double>(i);
    terms.push_back((n / 2 % 2 ? -1 : 1) / factorial);
  }
  return terms;
}

Value Trigonometry::sine(int64_t quarters) {
  Value odd = arith::MulFOp::create(code, rest, series(inverseFactorials(17)));
  Value even = series(inverseFactorials(18));
  Value turn = arith::AddIOp::create(code, turns, integer(quarters));
  Value size = arith::SelectOp::create(code, hasBit(turn, 1), even, odd);
  return arith::SelectOp::create(code, hasBit(turn, 2), arith::NegFOp::create(code, size), size);
}

namespace {
struct ExpandGPUTrigonometry : roux::impl::ExpandGPUTrigonometryBase<ExpandGPUTrigonometry> {
  void runOnOperation() override {
    getOperation()->walk([](Operation *op) {
      if (!isa<math::SinOp, math::CosOp>(op) || !op->getResult(0).getType().isF64())
        return;
      ImplicitLocOpBuilder code(op->getLoc(), op);
      Trigonometry angle(code, op->getOperand(0));
      op->replaceAllUsesWith(ValueRange{angle.sine(isa<math::CosOp>(op) ? 1 : 0)});
      op->erase();
    });
  }
};
} // namespace
