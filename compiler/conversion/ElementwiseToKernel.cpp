//===- ElementwiseToKernel.cpp - what is done to each row alone -----------===//
//
// Embeddings, activations, residual sums, rotary positions, and the moving
// about of columns and rows.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/EntryLowering.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <numbers>

using namespace mlir;
using namespace roux;

static std::string named(StringRef what, Value stream) {
  return (what + "_").str() + sizesOf(columnsOf(stream), elementOf(stream));
}

static LogicalResult lower(step::EmbeddingOp op, EntryLowering &entry) {
  entry.launch(
      named("embedding", op.getResult()), entry.tokens(),
      {entry.buffer(op.getIndexes()), entry.buffer(op.getTable()), entry.result(op.getResult())},
      [](RowWriter &k, ValueRange a) {
        Value row = k.row();
        k.store(k.load(a[1], k.loadIndex(a[0], row)), a[2], row);
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
                   k.accumulate(sum, a[4], k.loadIndex(a[3], row));
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

static Curve curve(RowWriter &k, step::ActivationKind kind, Value x) {
  return kind == step::ActivationKind::silu ? silu(k, x) : geluTanh(k, x);
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
  // A sum of gradients of a parameter is made where its terms are added.
  if (entry.isSumOfGradients(op))
    return success();
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

/// Columns of `from` beginning at `read` to those of `to` beginning at `write`.
static void moveColumns(EntryLowering &entry, Value from, int64_t read, Value to, int64_t write,
                        int64_t columns) {
  std::string name = "columns_" + std::to_string(read) + "_to_" + std::to_string(write) + "_" +
                     sizesOf(columns, elementOf(from));
  entry.launch(name, entry.tokens(), {from, to}, [&](RowWriter &k, ValueRange a) {
    Value row = k.row();
    k.store(k.raw(a[0], row, read, columns), a[1], row, write);
  });
}

static LogicalResult lower(step::SplitOp op, EntryLowering &entry) {
  int64_t first = 0;
  for (Value part : op.getParts()) {
    moveColumns(entry, entry.buffer(op.getInput()), first, entry.result(part), 0, columnsOf(part));
    first += columnsOf(part);
  }
  return success();
}

static LogicalResult lower(step::ConcatOp op, EntryLowering &entry) {
  Value whole = entry.result(op.getResult());
  int64_t first = 0;
  for (Value part : op.getParts()) {
    moveColumns(entry, entry.buffer(part), 0, whole, first, columnsOf(part));
    first += columnsOf(part);
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

/// Angles are formed in f64 whatever the stream's type; the frequencies are numbers of the program,
/// because a row of different constants is data.
static LogicalResult lower(step::RotationOp op, EntryLowering &entry) {
  auto f64 = Float64Type::get(op.getContext());
  double scale = op.getScale().convertToDouble();
  Value frequencies = entry.numbers("rotation.frequencies", op.getFrequencies());
  auto angles = [&](RowWriter &k, ValueRange a, bool cosine) {
    Value row = k.row(), integer = k.raw(a[0], row);
    Value position = arith::SIToFPOp::create(k, f64, integer);
    int64_t pairs = columnsOf(a[1]);
    Value angle = k.mul(
        position, kernel::LoadOp::create(k, VectorType::get({pairs}, f64), a[1], ValueRange{}));
    Value turned = cosine ? math::CosOp::create(k, angle).getResult()
                          : math::SinOp::create(k, angle).getResult();
    Value factor = arith::ConstantOp::create(k, k.getF64FloatAttr(scale));
    k.store(k.mul(turned, factor), a[2], row);
  };
  for (bool cosine : {true, false}) {
    Value table = cosine ? op.getCosine() : op.getSine();
    entry.launch(named(cosine ? "cosine" : "sine", table), entry.tokens(),
                 {entry.buffer(op.getPositions()), frequencies, entry.result(table)},
                 [&](RowWriter &k, ValueRange a) { angles(k, a, cosine); });
  }
  return success();
}

/// A row is one head: its first half and its second are the two parts of all pairs.
static void turnHalves(RowWriter &k, ValueRange a, int64_t heads, int64_t pairs, bool inverse) {
  Value row = k.row(), token = arith::DivUIOp::create(k, row, k.index(heads));
  Value c = k.load(a[1], token), s = k.load(a[2], token);
  if (inverse)
    s = arith::NegFOp::create(k, s);
  Value low = k.load(a[0], row, 0, pairs), high = k.load(a[0], row, pairs, pairs);
  Value newLow = k.sub(k.mul(low, c), k.mul(high, s));
  Value newHigh = k.add(k.mul(high, c), k.mul(low, s));
  k.store(newLow, a[3], row, 0);
  k.store(newHigh, a[3], row, pairs);
}

/// A row is one pair.
static void turnPair(RowWriter &k, ValueRange a, int64_t heads, int64_t pairs, bool inverse) {
  Value row = k.row(), token = arith::DivUIOp::create(k, row, k.index(heads * pairs));
  Value pair = arith::RemUIOp::create(k, row, k.index(pairs));
  Value c = k.element(a[1], token, pair), s = k.element(a[2], token, pair);
  if (inverse)
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
  int64_t pairs = columnsOf(op.getCosine()), heads = columnsOf(op.getInput()) / (2 * pairs);
  bool half = op.getStyle() == step::RopeStyle::half, inverse = op.getInverse();
  int64_t columns = half ? 2 * pairs : 2;
  std::string name = ("rope_" + stringifyRopeStyle(op.getStyle())).str() +
                     (inverse ? "_inverse_" : "_") + std::to_string(heads) + "_heads_" +
                     sizesOf(2 * pairs, elementOf(op.getInput()));
  entry.launch(name, entry.times(entry.tokens(), half ? heads : heads * pairs),
               {entry.rows(entry.buffer(op.getInput()), columns), entry.buffer(op.getCosine()),
                entry.buffer(op.getSine()), entry.rows(entry.result(op.getResult()), columns)},
               [&](RowWriter &k, ValueRange a) {
                 (half ? turnHalves : turnPair)(k, a, heads, pairs, inverse);
               });
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
            step::GateOp, step::GateGradOp, step::AddOp, step::SplitOp, step::ConcatOp,
            step::CastOp, step::RotationOp, step::RopeOp, step::AppendOp, step::PickRowsOp,
            step::ExpandRowsOp>([&](auto op) { return lower(op, entry); })
      .Default([](Operation *) { return failure(); });
}
