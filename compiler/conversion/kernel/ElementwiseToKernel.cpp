//===- ElementwiseToKernel.cpp - what is done to each row alone -----------===//
//
// Embeddings, activations, residual sums, rotary positions, and the moving
// about of columns and rows.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/EntryLowering.h"
#include "compiler/conversion/kernel/ErrorFunction.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <numbers>

using namespace mlir;
using namespace roux;

static std::string named(StringRef what, Value stream) {
  return (what + "_").str() + sizesOf(columnsOf(stream), elementOf(stream));
}

static Value shifted(RowWriter &k, Value index, int64_t offset) {
  return offset ? arith::AddIOp::create(k, index, k.index(offset)).getResult() : index;
}

static LogicalResult lower(step::EmbeddingOp op, EntryLowering &entry) {
  entry.launch(
      named("embedding", op.getResult()), entry.tokens(),
      {entry.buffer(op.getIndexes()), entry.buffer(op.getTable()), entry.result(op.getResult())},
      [&](RowWriter &k, ValueRange a) {
        Value row = k.row();
        k.store(k.load(a[1], shifted(k, k.loadIndex(a[0], row), op.getOffset())), a[2], row);
      });
  return success();
}

/// The tokens of each id that occurs are one range of a list, which the runtime makes of the
/// column: rows `ids[i]` get the sum over `members[starts[i]]` to `members[starts[i + 1] - 1]`.
static LogicalResult lower(step::EmbeddingGradOp op, EntryLowering &entry) {
  SmallVector<Value> accumulators = entry.accumulators(op.getResult());
  if (accumulators.empty())
    return success();
  auto column = entry.buffer(op.getIndexes()).getDefiningOp<kernel::BufferOp>();
  std::string prefix = column.getName().str();
  int64_t columns = columnsOf(op.getResult());
  Value distinct = entry.extent(prefix + ".distinct"), ends = entry.extent(prefix + ".starts");
  auto list = cast<MemRefType>(column.getType());
  Value members = entry.input(prefix + ".members", list, entry.tokens());
  Value starts = entry.input(prefix + ".starts", list, ends);
  Value ids = entry.input(prefix + ".ids", list, distinct);
  for (Value where : accumulators)
    entry.launch(named("embedding_gradient", op.getGradient()), distinct,
                 {entry.buffer(op.getGradient()), members, starts, ids, where},
                 [&](RowWriter &k, ValueRange a) {
                   Value row = k.row();
                   Value begin = k.loadIndex(a[2], row);
                   Value end = k.loadIndex(a[2], arith::AddIOp::create(k, row, k.index(1)));
                   Value count = arith::SubIOp::create(k, end, begin);
                   Value sum = k.fold(count, columns, [&](Value j) {
                     Value at = arith::AddIOp::create(k, begin, j);
                     return k.load(a[0], k.loadIndex(a[1], at));
                   });
                   k.accumulate(sum, a[4], shifted(k, k.loadIndex(a[3], row), op.getOffset()));
                 });
  return success();
}

namespace {
/// An activation and its derivative at x.
struct Curve {
  Value value, slope;
};
} // namespace

static Curve silu(RowWriter &k, Value x) {
  Value one = k.number(1);
  Value s = k.div(one, k.add(one, math::ExpOp::create(k, arith::NegFOp::create(k, x))));
  Value value = k.mul(x, s);
  return {value, k.mul(s, k.add(one, k.sub(x, value)))};
}

static Curve geluTanh(RowWriter &k, Value x) {
  double root = std::sqrt(2 / std::numbers::pi), cubic = 0.044715;
  Value one = k.number(1), half = k.number(0.5), square = k.mul(x, x);
  Value inner = k.mul(k.mul(x, k.number(root)), k.add(one, k.mul(square, k.number(cubic))));
  Value t = math::TanhOp::create(k, inner), halfSum = k.mul(half, k.add(one, t));
  Value steep = k.mul(k.number(root), k.add(one, k.mul(square, k.number(3 * cubic))));
  Value rest = k.mul(k.mul(k.mul(half, x), k.sub(one, k.mul(t, t))), steep);
  return {k.mul(x, halfSum), k.add(halfSum, rest)};
}

static Curve gelu(RowWriter &k, Value x) {
  Value one = k.number(1), half = k.number(0.5);
  Value halfSum = k.mul(half, k.add(one, errorFunction(k, k.mul(x, k.number(std::sqrt(0.5))))));
  Value bell = math::ExpOp::create(k, k.mul(k.mul(x, x), k.number(-0.5)));
  Value density = k.mul(bell, k.number(std::sqrt(0.5 / std::numbers::pi)));
  return {k.mul(x, halfSum), k.add(halfSum, k.mul(x, density))};
}

static Curve relu(RowWriter &k, Value x) {
  Value zero = k.mul(x, k.number(0)); // keeps what is no number
  Value above = arith::CmpFOp::create(k, arith::CmpFPredicate::OGT, x, zero);
  Value one = arith::ConstantOp::create(
      k, DenseElementsAttr::get(cast<ShapedType>(x.getType()),
                                k.getFloatAttr(getElementTypeOrSelf(x.getType()), 1)));
  return {arith::SelectOp::create(k, above, x, zero), arith::SelectOp::create(k, above, one, zero)};
}

static Curve curve(RowWriter &k, step::ActivationKind kind, Value x) {
  switch (kind) {
  case step::ActivationKind::silu:
    return silu(k, x);
  case step::ActivationKind::gelu_tanh:
    return geluTanh(k, x);
  case step::ActivationKind::gelu:
    return gelu(k, x);
  case step::ActivationKind::relu:
    return relu(k, x);
  }
  llvm_unreachable("all kinds are above");
}

static std::string named(StringRef what, step::ActivationKind kind, Value stream) {
  return named((what + "_" + stringifyActivationKind(kind)).str(), stream);
}

static LogicalResult lower(step::ActivationOp op, EntryLowering &entry) {
  entry.launch(named("activation", op.getKind(), op.getInput()), entry.tokens(),
               {entry.buffer(op.getInput()), entry.result(op.getResult())},
               [&](RowWriter &k, ValueRange a) {
                 Value row = k.row();
                 k.store(curve(k, op.getKind(), k.load(a[0], row)).value, a[1], row);
               });
  return success();
}

static LogicalResult lower(step::ActivationGradOp op, EntryLowering &entry) {
  entry.launch(
      named("activation_gradient", op.getKind(), op.getInput()), entry.tokens(),
      {entry.buffer(op.getGradient()), entry.buffer(op.getInput()), entry.result(op.getResult())},
      [&](RowWriter &k, ValueRange a) {
        Value row = k.row(), g = k.load(a[0], row);
        k.store(k.mul(g, curve(k, op.getKind(), k.load(a[1], row)).slope), a[2], row);
      });
  return success();
}

static LogicalResult lower(step::GateOp op, EntryLowering &entry) {
  entry.launch(named("gate", op.getKind(), op.getGate()), entry.tokens(),
               {entry.buffer(op.getGate()), entry.buffer(op.getUp()), entry.result(op.getResult())},
               [&](RowWriter &k, ValueRange a) {
                 Value row = k.row(), up = k.load(a[1], row);
                 k.store(k.mul(curve(k, op.getKind(), k.load(a[0], row)).value, up), a[2], row);
               });
  return success();
}

static LogicalResult lower(step::GateGradOp op, EntryLowering &entry) {
  entry.launch(named("gate_gradient", op.getKind(), op.getGate()), entry.tokens(),
               {entry.buffer(op.getGradient()), entry.buffer(op.getGate()),
                entry.buffer(op.getUp()), entry.result(op.getGateGradient()),
                entry.result(op.getUpGradient())},
               [&](RowWriter &k, ValueRange a) {
                 Value row = k.row(), g = k.load(a[0], row), up = k.load(a[2], row);
                 Curve at = curve(k, op.getKind(), k.load(a[1], row));
                 k.store(k.mul(k.mul(g, up), at.slope), a[3], row);
                 k.store(k.mul(g, at.value), a[4], row);
               });
  return success();
}

static LogicalResult lower(step::AddOp op, EntryLowering &entry) {
  if (auto type = cast<RankedTensorType>(op.getType());
      type.getRank() > 2 && !type.hasStaticShape())
    return op.emitOpError() << "adds " << type << ", which is no stream";
  auto [sum, count] = entry.asRows(op.getResult(), entry.result(op.getResult()));
  Value lhs = entry.asRows(op.getLhs(), entry.stored(op.getLhs())).first;
  Value rhs = entry.asRows(op.getRhs(), entry.stored(op.getRhs())).first;
  entry.launch("add_" + rowName(sum), count, {lhs, rhs, sum}, [](RowWriter &k, ValueRange a) {
    Value row = k.row();
    k.store(k.add(k.load(a[0], row), k.load(a[1], row)), a[2], row);
  });
  return success();
}

static LogicalResult lower(step::ScaleOp op, EntryLowering &entry) {
  double factor = op.getFactor().convertToDouble();
  entry.launch(named("scale", op.getInput()), entry.tokens(),
               {entry.buffer(op.getInput()), entry.result(op.getResult())},
               [&](RowWriter &k, ValueRange a) {
                 Value row = k.row();
                 k.store(k.mul(k.load(a[0], row), k.number(factor)), a[1], row);
               });
  return success();
}

static LogicalResult lower(step::SoftcapOp op, EntryLowering &entry) {
  double cap = op.getCap().convertToDouble();
  entry.launch(named("softcap", op.getInput()), entry.tokens(),
               {entry.buffer(op.getInput()), entry.result(op.getResult())},
               [&](RowWriter &k, ValueRange a) {
                 Value row = k.row();
                 Value inner = k.mul(k.load(a[0], row), k.number(1 / cap));
                 k.store(k.mul(math::TanhOp::create(k, inner), k.number(cap)), a[1], row);
               });
  return success();
}

/// Columns of `from` beginning at `read` to those of `to` beginning at `write`, in each of the
/// `groups` pieces of a row.
static void moveColumns(EntryLowering &entry, Value from, int64_t read, Value to, int64_t write,
                        int64_t columns, int64_t groups) {
  if (groups > 1) {
    from = entry.rows(from, columnsOf(from) / groups);
    to = entry.rows(to, columnsOf(to) / groups);
  }
  std::string name = "columns_" + std::to_string(read) + "_to_" + std::to_string(write) + "_" +
                     sizesOf(columns, elementOf(from));
  Value count = entry.times(entry.tokens(), groups);
  entry.launch(name, count, {from, to}, [&](RowWriter &k, ValueRange a) {
    Value row = k.row();
    k.store(k.raw(a[0], row, read, columns), a[1], row, write);
  });
}

static LogicalResult lower(step::SplitOp op, EntryLowering &entry) {
  int64_t first = 0;
  int64_t groups = op.getGroups();
  for (Value part : op.getParts()) {
    int64_t columns = columnsOf(part) / groups;
    moveColumns(entry, entry.buffer(op.getInput()), first, entry.result(part), 0, columns, groups);
    first += columns;
  }
  return success();
}

static LogicalResult lower(step::ConcatOp op, EntryLowering &entry) {
  Value whole = entry.result(op.getResult());
  int64_t first = 0;
  int64_t groups = op.getGroups();
  for (Value part : op.getParts()) {
    int64_t columns = columnsOf(part) / groups;
    moveColumns(entry, entry.buffer(part), 0, whole, first, columns, groups);
    first += columns;
  }
  return success();
}

static LogicalResult lower(step::CastOp op, EntryLowering &entry) {
  if (auto type = cast<RankedTensorType>(op.getType());
      type.getRank() > 2 && !type.hasStaticShape())
    return op.emitOpError() << "rounds " << type << ", which is no stream";
  auto [to, count] = entry.asRows(op.getResult(), entry.result(op.getResult()));
  Value from = entry.asRows(op.getInput(), entry.stored(op.getInput())).first;
  entry.launch("cast_" + rowName(to), count, {from, to}, [](RowWriter &k, ValueRange a) {
    Value row = k.row();
    k.store(k.load(a[0], row), a[1], row);
  });
  return success();
}

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

/// The storage that a buffer's slices and windows look into.
static Value storageOf(Value buffer) {
  while (Operation *view = buffer.getDefiningOp()) {
    if (!isa<kernel::SliceOp, kernel::WindowOp>(view))
      break;
    buffer = view->getOperand(0);
  }
  return buffer;
}

/// The result lies where the cache lies.
static LogicalResult lower(step::AppendOp op, EntryLowering &entry) {
  Value cache = entry.result(op.getResult());
  if (storageOf(cache) != storageOf(entry.buffer(op.getCache())))
    return op.emitOpError() << "is not returned as the cache that it appends to";
  entry.launch(named("append", op.getRows()), entry.tokens(),
               {entry.buffer(op.getRows()), entry.buffer(op.getSlots()), cache},
               [](RowWriter &k, ValueRange a) {
                 Value row = k.row();
                 k.store(k.raw(a[0], row), a[2], k.loadIndex(a[1], row));
               });
  return success();
}

static LogicalResult lower(step::PickRowsOp op, EntryLowering &entry) {
  Value input = entry.buffer(op.getInput());
  entry.launch("pick_rows_" + rowName(input), entry.extentOf(op.getResult()),
               {input, entry.buffer(op.getRows()), entry.result(op.getResult())},
               [](RowWriter &k, ValueRange a) {
                 Value row = k.row();
                 k.store(k.raw(a[0], k.loadIndex(a[1], row)), a[2], row);
               });
  return success();
}

/// Each token looks up its place among the picked rows, which the runtime lists: -1 where it has
/// none. The sum over its one row, or none, is 0 then, and no row is read that may not exist.
static LogicalResult lower(step::ExpandRowsOp op, EntryLowering &entry) {
  auto rows = entry.buffer(op.getRows()).getDefiningOp<kernel::BufferOp>();
  if (!rows || rows.getRole() != kernel::Role::Input)
    return op.emitOpError() << "has rows that are computed; they have to be a column";
  auto type = cast<RankedTensorType>(op.getType());
  int64_t columns = type.getRank() == 1 ? 1 : columnsOf(op.getResult());
  Value tokens = entry.extentOf(op.getResult());
  auto list = MemRefType::get({ShapedType::kDynamic}, entry.host().getI32Type());
  Value places = entry.input((rows.getName() + ".place").str(), list, tokens);
  Value from = entry.rows(entry.buffer(op.getInput()), columns);
  Value to = entry.rows(entry.result(op.getResult()), columns);
  entry.launch("expand_rows_" + rowName(to), tokens, {from, places, to},
               [&](RowWriter &k, ValueRange a) {
                 Value row = k.row(), place = k.loadIndex(a[1], row);
                 Value zero = k.index(0), one = k.index(1);
                 Value some = arith::CmpIOp::create(k, arith::CmpIPredicate::sge, place, zero);
                 Value count = arith::SelectOp::create(k, some, one, zero);
                 Value value = k.fold(count, columns, [&](Value j) {
                   Value at = arith::AddIOp::create(k, place, j);
                   return k.load(a[0], at);
                 });
                 k.store(value, a[2], row);
               });
  return success();
}

LogicalResult roux::lowerElementwise(Operation *op, EntryLowering &entry) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<step::EmbeddingOp, step::EmbeddingGradOp, step::ActivationOp, step::ActivationGradOp,
            step::GateOp, step::GateGradOp, step::AddOp, step::ScaleOp, step::SoftcapOp,
            step::SplitOp, step::ConcatOp, step::CastOp, step::RotationOp, step::RopeOp,
            step::AppendOp, step::PickRowsOp, step::ExpandRowsOp>(
          [&](auto op) { return lower(op, entry); })
      .Default([](Operation *) { return failure(); });
}
