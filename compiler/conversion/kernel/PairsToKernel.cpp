//===- PairsToKernel.cpp - the loss of pairs of answers -------------------===//
//
// Few rows and little work: a row an answer adds up its targets, a row a pair computes
// the formula, and each target looks up the slope of its answer. The logits, which are
// the work, are made once for the sums and once more for their gradient.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/EntryLowering.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace roux;

/// A column of scalars, seen as rows of one.
static Value column(EntryLowering &entry, Value buffer) {
  return entry.rows(buffer, 1);
}

static LogicalResult lower(step::AnswerLogPOp op, EntryLowering &entry) {
  Value result = entry.result(op.getResult());
  entry.launch("answer_logp_" + sizesOf(1, entry.accumulation()), entry.extentOf(op.getResult()),
               {column(entry, entry.buffer(op.getNll())), entry.buffer(op.getBegins()),
                entry.buffer(op.getEnds()), column(entry, result)},
               [](RowWriter &k, ValueRange a) {
                 Value row = k.row(), begin = k.loadIndex(a[1], row);
                 Value count = arith::SubIOp::create(k, k.loadIndex(a[2], row), begin);
                 Value sum = k.fold(count, 1, [&](Value j) {
                   Value at = arith::AddIOp::create(k, begin, j);
                   return k.load(a[0], at);
                 });
                 k.store(arith::NegFOp::create(k, sum), a[3], row);
               });
  return success();
}

static LogicalResult lower(step::AnswerLogPGradOp op, EntryLowering &entry) {
  entry.launch(
      "answer_slopes_" + sizesOf(1, entry.accumulation()), entry.extentOf(op.getResult()),
      {entry.buffer(op.getGradient()), entry.buffer(op.getAnswers()), entry.result(op.getResult())},
      [](RowWriter &k, ValueRange a) {
        Value row = k.row(), answer = k.loadIndex(a[1], row);
        k.store(arith::NegFOp::create(k, k.load(a[0], answer)), a[2], row);
      });
  return success();
}

/// The values that a formula of pairs takes at row `pair`; `a` begins with the answers' logp.
static SmallVector<Value> valuesAt(RowWriter &k, ValueRange a, ValueRange inputs, Value pair) {
  FloatType wide = k.getF64Type();
  SmallVector<Value> values{k.convert(k.element(a[0], pair, k.index(0)), wide),
                            k.convert(k.element(a[0], pair, k.index(1)), wide)};
  for (auto [passed, tensor] : llvm::zip_equal(a.drop_front().take_front(inputs.size()), inputs)) {
    bool isColumn = cast<RankedTensorType>(tensor.getType()).getRank() == 1;
    values.push_back(isa<MemRefType>(passed.getType()) ? k.raw(passed, isColumn ? pair : k.index(0))
                                                       : passed);
  }
  return values;
}

/// The likelihoods, two a row, and inputs of `op` as a kernel is passed them.
template <typename Op>
static SmallVector<Value> passed(Op op, EntryLowering &entry) {
  SmallVector<Value> arguments{entry.rows(entry.buffer(op.getLogp()), 2)};
  for (Value input : op.getInputs()) {
    Value where = entry.buffer(input);
    arguments.push_back(isa<MemRefType>(where.getType()) ? entry.rows(where, 0) : where);
  }
  return arguments;
}

static LogicalResult lower(step::PairLossOp op, EntryLowering &entry) {
  Value pairs = entry.extent(stringifyRows(step::Rows::pairs));
  Value losses = entry.scratch(
      "pair_losses", MemRefType::get({ShapedType::kDynamic}, entry.accumulation()), pairs);
  SmallVector<Value> arguments = passed(op, entry);
  arguments.push_back(losses);
  entry.launch("pair_loss_" + sizesOf(1, entry.accumulation()), pairs, arguments,
               [&](RowWriter &k, ValueRange a) {
                 Value row = k.row();
                 SmallVector<Value> values = valuesAt(k, a, op.getInputs(), row);
                 k.store(inlineFormula(k, op.getFormula(), values)[0], a.back(), row);
               });
  entry.launch("sum_" + sizesOf(1, entry.accumulation()), entry.constant(1),
               {column(entry, losses), pairs, entry.result(op.getLoss())},
               [](RowWriter &k, ValueRange a) {
                 k.store(k.fold(a[1], 1, [&](Value j) { return k.load(a[0], j); }), a[2], k.row());
               });
  return success();
}

static LogicalResult lower(step::PairLossGradOp op, EntryLowering &entry) {
  SmallVector<Value> arguments = passed(op, entry);
  arguments.push_back(entry.stored(op.getGradient()));
  arguments.push_back(entry.rows(entry.result(op.getResult()), 2));
  entry.launch(
      "pair_slopes_" + sizesOf(1, entry.accumulation()),
      entry.extent(stringifyRows(step::Rows::pairs)), arguments, [&](RowWriter &k, ValueRange a) {
        Value row = k.row();
        SmallVector<Value> values = valuesAt(k, a, op.getInputs(), row);
        SmallVector<Value> slopes = inlineFormula(k, op.getDerivative(), values);
        Value owed = k.element(a[a.size() - 2], k.index(0), k.index(0));
        auto both = [&](Value slope) { return k.spread(k.convert(slope, k.type()), 2); };
        auto integers = VectorType::get({2}, k.getI32Type());
        Value zero = arith::ConstantOp::create(k, DenseElementsAttr::get(integers, int32_t(0)));
        Value isChosen = arith::CmpIOp::create(k, arith::CmpIPredicate::eq,
                                               kernel::ColumnOp::create(k, integers), zero);
        Value slope = arith::SelectOp::create(k, isChosen, both(slopes[0]), both(slopes[1]));
        k.store(k.mul(slope, owed), a.back(), row);
      });
  return success();
}

LogicalResult roux::lowerPairs(Operation *op, EntryLowering &entry) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<step::AnswerLogPOp, step::AnswerLogPGradOp, step::PairLossOp, step::PairLossGradOp>(
          [&](auto op) { return lower(op, entry); })
      .Default([](Operation *) { return failure(); });
}
