//===- UpdateToKernel.cpp - norm, clip and AdamW in place -----------------===//
//
// Parameters and moments are updated where they are: an update never needs a
// second copy of a model. Each weight has launches of its own: they move bytes as fast
// as memory gives them, and one sweep over all weights would move as many
// (bench/results/2026-11-30-optimizer-sweep.md).
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/EntryLowering.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace roux;

/// The buffer of a parameter-shaped tensor as rows, and how many there are.
static std::pair<Value, int64_t> asRows(EntryLowering &entry, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  int64_t columns = type.getRank() ? columnsOf(tensor) : 1;
  return {entry.rows(entry.stored(tensor), columns), type.getNumElements() / columns};
}

Value roux::numberFor(EntryLowering &entry, Value tensor) {
  Value where = entry.buffer(tensor);
  return isa<MemRefType>(where.getType()) ? entry.rows(where, 0) : where;
}
Value roux::loadNumber(RowWriter &k, Value passed) {
  return isa<MemRefType>(passed.getType()) ? k.load(passed, k.index(0)) : passed;
}

static LogicalResult lower(step::GlobalNormOp op, EntryLowering &entry) {
  auto one = MemRefType::get({1, 1}, entry.accumulation());
  Value total = entry.scratch("squares", one, {});
  bool first = true;
  for (Value gradient : op.getGradients()) {
    if (!cast<RankedTensorType>(gradient.getType()).hasStaticShape())
      return op.emitOpError() << "of " << gradient.getType() << ", whose size is not known";
    auto [rows, count] = asRows(entry, gradient);
    int64_t columns = columnsOf(rows);
    Value squares =
        entry.scratch("row_squares", MemRefType::get({count, 1}, entry.accumulation()), {});
    entry.launch("squares_" + sizesOf(columns, entry.accumulation()), entry.constant(count),
                 {rows, entry.rows(squares, 0)}, [](RowWriter &k, ValueRange a) {
                   Value row = k.row(), g = k.load(a[0], row);
                   k.store(k.sum(k.mul(g, g)), a[1], row);
                 });
    std::string name = std::string(first ? "sum_" : "add_sum_") + sizesOf(1, entry.accumulation());
    entry.launch(name, entry.constant(1), {entry.rows(squares, 1), entry.constant(count), total},
                 [&](RowWriter &k, ValueRange a) {
                   Value sum = k.fold(a[1], 1, [&](Value j) { return k.load(a[0], j); });
                   Value row = k.row();
                   if (first)
                     k.store(sum, a[2], row);
                   else
                     k.accumulate(sum, a[2], row);
                 });
    first = false;
  }
  entry.launch("root_" + sizesOf(1, entry.accumulation()), entry.constant(1),
               {total, entry.result(op.getResult())}, [](RowWriter &k, ValueRange a) {
                 Value row = k.row();
                 k.store(math::SqrtOp::create(k, k.load(a[0], row)), a[1], row);
               });
  return success();
}

static LogicalResult lower(step::ClipFactorOp op, EntryLowering &entry) {
  double limit = op.getLimit().convertToDouble();
  entry.launch(
      "clip_factor_" + sizesOf(1, entry.accumulation()), entry.constant(1),
      {entry.rows(entry.stored(op.getNorm()), 0), entry.rows(entry.result(op.getResult()), 0)},
      [&](RowWriter &k, ValueRange a) {
        Value row = k.row(), norm = k.load(a[0], row), bound = k.number(limit);
        Value above = arith::CmpFOp::create(k, arith::CmpFPredicate::OGT, norm, bound);
        Value within = arith::CmpFOp::create(k, arith::CmpFPredicate::OLE, norm, bound);
        // A norm that is no number stays one.
        Value kept = arith::SelectOp::create(k, within, k.number(1), norm);
        k.store(arith::SelectOp::create(k, above, k.div(bound, norm), kept), a[1], row);
      });
  return success();
}

/// Parameter and moments are written where they are: nothing may read them afterwards.
static LogicalResult verifyLastReader(Operation *op, ValueRange states) {
  for (Value old : states)
    for (Operation *user : old.getUsers())
      if (op->isBeforeInBlock(user)) {
        InFlightDiagnostic report = op->emitOpError() << "updates in place what is read after it";
        report.attachNote(user->getLoc()) << "read here";
        return report;
      }
  return success();
}

static LogicalResult lower(step::AdamWOp op, EntryLowering &entry) {
  if (failed(verifyLastReader(op, {op.getParameter(), op.getFirst(), op.getSecond()})))
    return failure();
  auto [parameter, count] = asRows(entry, op.getParameter());
  int64_t columns = columnsOf(op.getParameter());
  double beta1 = op.getBeta1().convertToDouble(), beta2 = op.getBeta2().convertToDouble();
  double epsilon = op.getEpsilon().convertToDouble(), decay = op.getDecay().convertToDouble();
  double share = op.getShare().convertToDouble();
  SmallVector<Value> arguments{parameter, asRows(entry, op.getGradient()).first,
                               asRows(entry, op.getFirst()).first,
                               asRows(entry, op.getSecond()).first};
  for (Value number : op->getOperands().drop_front(4)) // the last is the factor, if there is one
    arguments.push_back(numberFor(entry, number));
  std::string name = std::string("adamw_") + (decay != 0 ? "decayed_" : "") +
                     sizesOf(columns, entry.accumulation());
  entry.launch(name, entry.constant(count), arguments, [&](RowWriter &k, ValueRange a) {
    Value row = k.row(), p = k.load(a[0], row), g = k.load(a[1], row);
    Value rate = loadNumber(k, a[4]), m = k.load(a[2], row), v = k.load(a[3], row);
    if (op.getFactor())
      g = k.mul(g, loadNumber(k, a[7]));
    if (share != 1)
      rate = k.mul(rate, k.number(share));
    m = k.add(k.mul(m, k.number(beta1)), k.mul(g, k.number(1 - beta1)));
    v = k.add(k.mul(v, k.number(beta2)), k.mul(k.mul(g, g), k.number(1 - beta2)));
    Value root = math::SqrtOp::create(k, k.div(v, loadNumber(k, a[6])));
    Value change = k.div(k.div(m, loadNumber(k, a[5])), k.add(root, k.number(epsilon)));
    if (decay != 0)
      p = k.mul(p, k.sub(k.number(1), k.mul(rate, k.number(decay))));
    k.store(k.sub(p, k.mul(change, rate)), a[0], row);
    k.store(m, a[2], row);
    k.store(v, a[3], row);
  });
  entry.alias(op.getNewParameter(), entry.buffer(op.getParameter()));
  entry.alias(op.getNewFirst(), entry.buffer(op.getFirst()));
  entry.alias(op.getNewSecond(), entry.buffer(op.getSecond()));
  return success();
}

static LogicalResult lower(step::MuonOp op, EntryLowering &entry) {
  if (failed(verifyLastReader(op, {op.getParameter(), op.getFirst()})))
    return failure();
  return lowerMuon(op, entry);
}

LogicalResult roux::lowerUpdate(Operation *op, EntryLowering &entry) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<step::GlobalNormOp, step::ClipFactorOp, step::AdamWOp, step::MuonOp>(
          [&](auto op) { return lower(op, entry); })
      .Default([](Operation *) { return failure(); });
}
