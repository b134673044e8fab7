//===- RotaryToKernel.cpp - positions as turns of channels ----------------===//
//
// The angles of every token once, and the heads that turn by them.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/EntryLowering.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace roux;

/// Numbers of the program, as a row.
static Value numbersOf(RowWriter &k, Value buffer) {
  auto type = VectorType::get({columnsOf(buffer)}, k.getF64Type());
  return kernel::LoadOp::create(k, type, buffer, ValueRange{});
}

/// The frequencies at a token whose sequence has `length` tokens, more than the limit or not.
static Value frequenciesAt(RowWriter &k, step::RotationOp op, Value usual, Value beyond,
                           Value length) {
  auto f64 = k.getF64Type();
  double limit = static_cast<double>(*op.getLimit());
  auto number = [&](double value) -> Value {
    return arith::ConstantOp::create(k, k.getF64FloatAttr(value));
  };
  Value tokens = arith::SIToFPOp::create(k, f64, length);
  int64_t pairs = op.getFrequencies().size();
  if (op.getBeyond()) {
    Value isLong = arith::CmpFOp::create(k, arith::CmpFPredicate::OGT, tokens, number(limit));
    auto flags = VectorType::get({pairs}, k.getI1Type());
    Value chosen = vector::BroadcastOp::create(k, flags, isLong);
    return arith::SelectOp::create(k, chosen, beyond, usual);
  }
  // beyond[i] is the exponent of the stretch for pair i.
  double factor = op.getStretch()->convertToDouble();
  Value larger = arith::MaximumFOp::create(k, tokens, number(limit));
  Value stretch = k.sub(k.mul(larger, number(factor / limit)), number(factor - 1));
  return k.mul(usual, math::ExpOp::create(k, k.mul(beyond, math::LogOp::create(k, stretch))));
}

/// Angles are formed in f64 whatever the stream's type; the frequencies are numbers of the program,
/// because a row of different constants is data.
static LogicalResult lower(step::RotationOp op, EntryLowering &entry) {
  auto f64 = Float64Type::get(op.getContext());
  double scale = op.getScale().convertToDouble();
  SmallVector<Value> read{entry.buffer(op.getPositions()),
                          entry.numbers("rotation.frequencies", op.getFrequencies())};
  if (op.getLengths()) {
    SmallVector<double> beyond;
    if (op.getBeyond())
      beyond.assign(op.getBeyond()->begin(), op.getBeyond()->end());
    double channels = 2.0 * static_cast<double>(op.getFrequencies().size());
    for (size_t i = beyond.size(); i < op.getFrequencies().size(); ++i)
      beyond.push_back(channels > 2 ? -2.0 * static_cast<double>(i) / (channels - 2) : 0);
    read.push_back(entry.buffer(op.getLengths()));
    read.push_back(entry.numbers("rotation.beyond", beyond));
  }
  for (bool cosine : {true, false}) {
    Value table = cosine ? op.getCosine() : op.getSine();
    SmallVector<Value> arguments = read;
    arguments.push_back(entry.result(table));
    entry.launch(named(cosine ? "cosine" : "sine", table), entry.tokens(), arguments,
                 [&](RowWriter &k, ValueRange a) {
                   Value row = k.row();
                   Value position = arith::SIToFPOp::create(k, f64, k.raw(a[0], row));
                   Value frequencies = numbersOf(k, a[1]);
                   if (op.getLengths())
                     frequencies =
                         frequenciesAt(k, op, frequencies, numbersOf(k, a[3]), k.raw(a[2], row));
                   Value angle = k.mul(position, frequencies);
                   Value turned = cosine ? math::CosOp::create(k, angle).getResult()
                                         : math::SinOp::create(k, angle).getResult();
                   Value factor = arith::ConstantOp::create(k, k.getF64FloatAttr(scale));
                   k.store(k.mul(turned, factor), a.back(), row);
                 });
  }
  return success();
}

/// A row is one head: its first half and its second are the two parts of all pairs.
static void turnHalves(RowWriter &k, ValueRange a, step::RopeOp op, int64_t heads) {
  int64_t pairs = columnsOf(op.getCosine());
  Value row = k.row(), token = arith::DivUIOp::create(k, row, k.index(heads));
  Value c = k.load(a[1], token), s = k.load(a[2], token);
  if (op.getInverse())
    s = arith::NegFOp::create(k, s);
  Value low = k.load(a[0], row, 0, pairs), high = k.load(a[0], row, pairs, pairs);
  Value newLow = k.sub(k.mul(low, c), k.mul(high, s));
  Value newHigh = k.add(k.mul(high, c), k.mul(low, s));
  k.store(newLow, a[3], row, 0);
  k.store(newHigh, a[3], row, pairs);
}

/// A row is one pair, of those of a head that turn.
static void turnPair(RowWriter &k, ValueRange a, step::RopeOp op, int64_t heads) {
  int64_t pairs = columnsOf(op.getCosine()), all = op.headChannels() / 2;
  Value turn = k.row(), token = arith::DivUIOp::create(k, turn, k.index(heads * pairs));
  Value pair = arith::RemUIOp::create(k, turn, k.index(pairs)), row = turn;
  if (all != pairs) {
    Value head = arith::DivUIOp::create(k, turn, k.index(pairs));
    row = arith::AddIOp::create(k, arith::MulIOp::create(k, head, k.index(all)), pair);
  }
  Value c = k.element(a[1], token, pair), s = k.element(a[2], token, pair);
  if (op.getInverse())
    s = arith::NegFOp::create(k, s);
  Value x = k.element(a[0], row, k.index(0)), y = k.element(a[0], row, k.index(1));
  Value first = k.spread(k.sub(k.mul(x, c), k.mul(y, s)), 2);
  Value second = k.spread(k.add(k.mul(y, c), k.mul(x, s)), 2);
  auto integers = VectorType::get({2}, k.getI32Type());
  Value column = kernel::ColumnOp::create(k, integers);
  Value zero = arith::ConstantOp::create(k, DenseElementsAttr::get(integers, int32_t(0)));
  Value isFirst = arith::CmpIOp::create(k, arith::CmpIPredicate::eq, column, zero);
  k.store(arith::SelectOp::create(k, isFirst, first, second), a[3], row);
}

static LogicalResult lower(step::RopeOp op, EntryLowering &entry) {
  int64_t pairs = columnsOf(op.getCosine()), size = op.headChannels();
  int64_t heads = columnsOf(op.getInput()) / size;
  bool half = op.getStyle() == step::RopeStyle::half, partly = size != 2 * pairs;
  if (!half && size % 2 != 0)
    return op.emitOpError() << "turns neighbours in heads of " << size
                            << " channels, expected an even number";
  Value input = entry.buffer(op.getInput()), result = entry.result(op.getResult());
  if (partly) // a scattered store is of the pairs alone, so all else is there first
    moveColumns(entry, input, half ? 2 * pairs : 0, result, half ? 2 * pairs : 0,
                half ? size - 2 * pairs : size, heads);
  int64_t columns = half ? size : 2;
  std::string name = ("rope_" + stringifyRopeStyle(op.getStyle())).str() +
                     (op.getInverse() ? "_inverse_" : "_") + std::to_string(heads) + "_heads_" +
                     (partly ? std::to_string(2 * pairs) + "_of_" : "") +
                     sizesOf(size, elementOf(op.getInput()));
  entry.launch(
      name, entry.times(entry.tokens(), half ? heads : heads * pairs),
      {entry.rows(input, columns), entry.buffer(op.getCosine()), entry.buffer(op.getSine()),
       entry.rows(result, columns)},
      [&](RowWriter &k, ValueRange a) { (half ? turnHalves : turnPair)(k, a, op, heads); });
  return success();
}

LogicalResult roux::lowerRotary(Operation *op, EntryLowering &entry) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<step::RotationOp, step::RopeOp>([&](auto op) { return lower(op, entry); })
      .Default([](Operation *) { return failure(); });
}
