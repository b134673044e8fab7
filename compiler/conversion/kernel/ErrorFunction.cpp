//===- ErrorFunction.cpp - erf as a Chebyshev series ----------------------===//
//
// With t = 2 / (2 + |x|), erfc(|x|) is t e^(-x^2 + f(t)) and f smooth on (0, 1]. The
// numbers are its Chebyshev coefficients, computed from erfc to 60 digits at 80 nodes.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/ErrorFunction.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace roux;

static constexpr double coefficients[] = {
    -1.3026537197817094,     0.6419697923564902,      0.019476473204185836,
    -0.009561514786808632,   -0.0009465953444820369,  0.00036683949785276145,
    4.252332480690777e-05,   -2.0278578112534242e-05, -1.6242900046470256e-06,
    1.3036558355805232e-06,  1.5626441722066142e-08,  -8.523809591492654e-08,
    6.5290544390988515e-09,  5.059343495551469e-09,   -9.91364156493033e-10,
    -2.273651222931836e-10,  9.646791102015527e-11,   2.3940380830391146e-12,
    -6.886027526497553e-12,  8.944879273090725e-13,   3.130921399342958e-13,
    -1.1270822361367252e-13, 3.810905255189232e-16,   7.106097613609237e-15,
    -1.5230282014571043e-15, -9.457494571291233e-17,  1.210237189224279e-16,
    -2.816663087747177e-17};

Value roux::errorFunction(RowWriter &k, Value x) {
  Value z = math::AbsFOp::create(k, x), one = k.number(1), two = k.number(2);
  Value t = k.div(two, k.add(z, two));
  Value twice = k.sub(k.mul(t, k.number(4)), two); // twice where t lies in [-1, 1]
  size_t terms = k.type().isF64() ? std::size(coefficients) : 14;
  Value above = k.mul(z, k.number(0)), last = above; // keeps what is no number
  for (size_t j = terms - 1; j > 0; --j) {
    Value next = k.add(k.sub(k.mul(twice, last), above), k.number(coefficients[j]));
    above = last;
    last = next;
  }
  Value series =
      k.sub(k.mul(k.add(k.mul(twice, last), k.number(coefficients[0])), k.number(0.5)), above);
  Value tail = k.mul(t, math::ExpOp::create(k, k.sub(series, k.mul(z, z))));
  return math::CopySignOp::create(k, k.sub(one, tail), x);
}
