//===- MuonToKernel.cpp - an orthogonal update, by products ---------------===//
//
// The iteration is five times three products, kernels like any other of the step: a
// matrix that is taller than wide is multiplied from the other side, so that the
// square in between is the smaller one.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/EntryLowering.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace roux;

/// Jordan's coefficients, and how often.
static constexpr double linear = 3.4445, cubic = -4.775, quintic = 2.0315;
static constexpr int turns = 5;
static constexpr double leastNorm = 1e-7;

namespace {

/// Updates one matrix of `rows` x `columns`.
class MuonUpdate {
public:
  MuonUpdate(step::MuonOp op, EntryLowering &entry, int64_t rows, int64_t columns)
      : op(op), entry(entry), rows(rows), columns(columns), square(std::min(rows, columns)) {}

  void update(Value parameter, Value gradient, Value first) {
    Value from = matrix("orthogonal", rows, columns);
    normalize(from, remember(gradient, first, from));
    for (int turn = 0; turn < turns; ++turn) {
      // Buffers of each turn's own: the memory plan has them share, and a launch that is missing
      // leaves one empty.
      Value gram = matrix("gram", square, square), factor = matrix("gram", square, square);
      Value to = matrix("orthogonal", rows, columns);
      multiply(from, gram);
      mix(gram, factor);
      advance(from, factor, to);
      from = to;
    }
    apply(parameter, from);
  }

private:
  Value matrix(StringRef name, int64_t height, int64_t width) {
    return entry.scratch(name, MemRefType::get({height, width}, entry.accumulation()), {});
  }
  Value rowsOf(Value buffer) {
    return entry.rows(buffer, cast<MemRefType>(buffer.getType()).getShape().back());
  }
  std::string named(const char *what) {
    return std::string("muon_") + what + "_" + sizesOf({rows, columns}, entry.accumulation());
  }

  /// Updates the momentum; the update before it is orthogonal becomes `result`. The sum of its
  /// squares.
  Value remember(Value gradient, Value first, Value result) {
    Value squares = matrix("row_squares", rows, 1), total = matrix("squares", 1, 1);
    double kept = op.getMomentum().convertToDouble();
    SmallVector<Value> arguments{rowsOf(gradient), rowsOf(first), rowsOf(result),
                                 entry.rows(squares, 0)};
    if (op.getFactor())
      arguments.push_back(numberFor(entry, op.getFactor()));
    entry.launch(named("momentum"), entry.constant(rows), arguments,
                 [&](RowWriter &k, ValueRange a) {
                   Value row = k.row(), g = k.load(a[0], row);
                   if (op.getFactor())
                     g = k.mul(g, loadNumber(k, a[4]));
                   Value added = k.mul(g, k.number(1 - kept));
                   Value m = k.add(k.mul(k.load(a[1], row), k.number(kept)), added);
                   Value u = op.getNesterov() ? k.add(k.mul(m, k.number(kept)), added) : m;
                   Value square = k.sum(k.mul(u, u));
                   k.store(m, a[1], row);
                   k.store(u, a[2], row);
                   k.store(square, a[3], row);
                 });
    entry.launch(
        "sum_" + sizesOf(1, entry.accumulation()), entry.constant(1),
        {entry.rows(squares, 1), entry.constant(rows), total}, [](RowWriter &k, ValueRange a) {
          k.store(k.fold(a[1], 1, [&](Value j) { return k.load(a[0], j); }), a[2], k.row());
        });
    return total;
  }

  void normalize(Value update, Value squares) {
    entry.launch(named("normal"), entry.constant(rows), {rowsOf(update), entry.rows(squares, 0)},
                 [](RowWriter &k, ValueRange a) {
                   Value norm = math::SqrtOp::create(k, k.load(a[1], k.index(0))), row = k.row();
                   norm = arith::MaximumFOp::create(k, norm, k.number(leastNorm));
                   k.store(k.div(k.load(a[0], row), norm), a[0], row);
                 });
  }

  /// gram = x x^T, or x^T x of a tall x.
  void multiply(Value x, Value gram) {
    bool isTall = rows > columns;
    SmallVector<Value> arguments{rowsOf(x), isTall ? rowsOf(x) : x, isTall ? gram : rowsOf(gram)};
    entry.launch(named("gram"), entry.constant(rows), arguments, [&](RowWriter &k, ValueRange a) {
      k.contract(
          isTall ? kernel::Form::TN : kernel::Form::NT, square,
          [&](Value row) { return k.raw(a[0], row); }, [&](Value row) { return k.raw(a[1], row); },
          [&](Value row, Value sum) { k.store(sum, a[2], row); });
    });
  }

  /// factor = cubic gram + quintic gram gram.
  void mix(Value gram, Value factor) {
    entry.launch("muon_mix_" + sizesOf(square, entry.accumulation()), entry.constant(square),
                 {rowsOf(gram), gram, rowsOf(factor)}, [&](RowWriter &k, ValueRange a) {
                   k.contract(
                       kernel::Form::NN, square, [&](Value row) { return k.raw(a[0], row); },
                       [&](Value row) { return k.raw(a[1], row); },
                       [&](Value row, Value sum) {
                         Value once = k.mul(k.load(a[0], row), k.number(cubic));
                         k.store(k.add(once, k.mul(sum, k.number(quintic))), a[2], row);
                       });
                 });
  }

  /// to = linear x + factor x, or linear x + x factor of a tall x.
  void advance(Value x, Value factor, Value to) {
    bool isTall = rows > columns;
    SmallVector<Value> arguments{isTall ? rowsOf(x) : rowsOf(factor), isTall ? factor : x,
                                 rowsOf(x), rowsOf(to)};
    entry.launch(named("turn"), entry.constant(rows), arguments, [&](RowWriter &k, ValueRange a) {
      k.contract(
          kernel::Form::NN, columns, [&](Value row) { return k.raw(a[0], row); },
          [&](Value row) { return k.raw(a[1], row); },
          [&](Value row, Value sum) {
            k.store(k.add(sum, k.mul(k.load(a[2], row), k.number(linear))), a[3], row);
          });
    });
  }

  void apply(Value parameter, Value orthogonal) {
    double share = op.getShare().convertToDouble(), decay = op.getDecay().convertToDouble();
    double length = op.getLength().convertToDouble();
    entry.launch(named("update"), entry.constant(rows),
                 {rowsOf(parameter), rowsOf(orthogonal), numberFor(entry, op.getRate())},
                 [&](RowWriter &k, ValueRange a) {
                   Value row = k.row(), p = k.load(a[0], row), rate = loadNumber(k, a[2]);
                   if (decay != 0)
                     p = k.mul(p, k.sub(k.number(1), k.mul(rate, k.number(share * decay))));
                   Value change = k.mul(k.load(a[1], row), k.mul(rate, k.number(share * length)));
                   k.store(k.sub(p, change), a[0], row);
                 });
  }

  step::MuonOp op;
  EntryLowering &entry;
  int64_t rows, columns, square;
};

} // namespace

LogicalResult roux::lowerMuon(step::MuonOp op, EntryLowering &entry) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(op.getParameter().getType()).getShape();
  Value parameter = entry.stored(op.getParameter()), gradient = entry.stored(op.getGradient());
  Value first = entry.stored(op.getFirst());
  MuonUpdate matrix(op, entry, shape[shape.size() - 2], shape.back());
  if (shape.size() == 2)
    matrix.update(parameter, gradient, first);
  else
    entry.repeat(entry.constant(0), entry.constant(shape.front()), /*reverse=*/false,
                 [&](Value layer) {
                   matrix.update(entry.slice(parameter, layer), entry.slice(gradient, layer),
                                 entry.slice(first, layer));
                 });
  entry.alias(op.getNewParameter(), entry.buffer(op.getParameter()));
  entry.alias(op.getNewFirst(), entry.buffer(op.getFirst()));
  return success();
}
