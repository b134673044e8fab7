//===- DropoutToKernel.cpp - elements left out by a hash ------------------===//
//
// Nothing is drawn in an order and nothing is kept: each element's bits follow from
// where it is, so whoever needs them computes them again.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/EntryLowering.h"

using namespace mlir;
using namespace roux;

/// `number` like `other`: a scalar, or a row of it.
static Value integerLike(RowWriter &k, int64_t number, Value other) {
  auto value = k.getI32IntegerAttr(static_cast<int32_t>(number));
  if (auto row = dyn_cast<VectorType>(other.getType()))
    return arith::ConstantOp::create(k, DenseElementsAttr::get(row, Attribute(value)));
  return arith::ConstantOp::create(k, value);
}

/// The mixing of step.dropout, of a scalar or of a row.
static Value mixed(RowWriter &k, Value x) {
  auto fold = [&](int64_t bits) {
    x = arith::XOrIOp::create(k, x, arith::ShRUIOp::create(k, x, integerLike(k, bits, x)));
  };
  auto times = [&](int64_t factor) { x = arith::MulIOp::create(k, x, integerLike(k, factor, x)); };
  fold(16);
  times(0x7feb352d);
  fold(15);
  times(0x846ca68b);
  fold(16);
  return x;
}

LogicalResult roux::lowerDropout(step::DropoutOp op, EntryLowering &entry) {
  constexpr uint32_t step = 0x9e3779b9, saltStep = 0x85ebca6b;
  double share = op.getShare().convertToDouble();
  auto least = static_cast<uint32_t>(share * 0x1p32);
  uint32_t salt = static_cast<uint32_t>(op.getSalt()) * saltStep;
  int64_t columns = columnsOf(op.getInput());
  entry.launch(
      "dropout_" + sizesOf(columns, elementOf(op.getInput())), entry.tokens(),
      {entry.buffer(op.getInput()), entry.buffer(op.getNoise()),
       entry.rows(entry.buffer(op.getLayer()), 0), entry.result(op.getResult())},
      [&](RowWriter &k, ValueRange a) {
        Value row = k.row(), x = k.load(a[0], row), noise = k.raw(a[1], row);
        Value layer =
            arith::FPToUIOp::create(k, k.getI32Type(), k.raw(a[2], k.index(0))).getResult();
        layer = arith::MulIOp::create(k, layer, integerLike(k, step, layer));
        layer = arith::AddIOp::create(k, layer, integerLike(k, salt, layer));
        Value seed = mixed(k, arith::XOrIOp::create(k, noise, layer));
        Value column = kernel::ColumnOp::create(k, VectorType::get({columns}, k.getI32Type()));
        Value bits = arith::MulIOp::create(k, column, integerLike(k, step, column));
        bits = mixed(k, arith::AddIOp::create(k, bits, k.spread(seed, columns)));
        Value isKept =
            arith::CmpIOp::create(k, arith::CmpIPredicate::uge, bits, integerLike(k, least, bits));
        Value kept = k.mul(x, k.number(1 / (1 - share)));
        Value none = k.spread(k.number(0), columns);
        k.store(arith::SelectOp::create(k, isKept, kept, none), a[3], row);
      });
  return success();
}
