//===- MatmulsToKernel.cpp - linear and its gradient ----------------------===//
//
// Each is one kernel.contract. A weight's gradient adds to what is there: the
// gradients of a step are summed over its micro-batches in place.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/EntryLowering.h"

using namespace mlir;
using namespace roux;

/// Of LinearOp and, with what it adds to, LinearAddOp.
template <typename Op>
static LogicalResult lowerLinear(Op op, Value addend, EntryLowering &entry) {
  bool transposed = op.getTransposed();
  int64_t inputs = op.inputChannels(), outputs = op.outputChannels();
  SmallVector<Value> arguments{entry.buffer(op.getInput()), entry.buffer(op.getWeight())};
  if (op.getBias())
    arguments.push_back(entry.buffer(op.getBias()));
  if (addend)
    arguments.push_back(entry.buffer(addend));
  arguments.push_back(entry.result(op.getResult()));
  std::string name = std::string("linear") + (transposed ? "_transposed" : "") +
                     (op.getBias() ? "_bias" : "") + (addend ? "_add_" : "_") +
                     sizesOf({inputs, outputs}, elementOf(op.getInput()));
  entry.launch(name, entry.tokens(), arguments, [&](RowWriter &k, ValueRange a) {
    k.contract(
        transposed ? kernel::Form::NN : kernel::Form::NT, outputs,
        [&](Value row) { return k.raw(a[0], row); }, [&](Value row) { return k.raw(a[1], row); },
        [&](Value row, Value sum) {
          if (op.getBias())
            sum = k.add(sum, k.load(a[2], {}));
          if (addend)
            sum = k.add(k.load(a[a.size() - 2], row), sum);
          k.store(sum, a.back(), row);
        });
  });
  return success();
}

static LogicalResult lower(step::LinearGradOp op, EntryLowering &entry) {
  Value left = entry.buffer(op.getGradient()), right = entry.buffer(op.getInput());
  if (op.getTransposed())
    std::swap(left, right);
  int64_t columns = columnsOf(right);
  std::string name =
      "linear_gradient_" + sizesOf({columnsOf(left), columns}, elementOf(op.getInput()));
  for (Value where : entry.accumulators(op.getResult()))
    entry.launch(name, entry.tokens(), {left, right, where}, [&](RowWriter &k, ValueRange a) {
      k.contract(
          kernel::Form::TN, columns, [&](Value row) { return k.raw(a[0], row); },
          [&](Value row) { return k.raw(a[1], row); },
          [&](Value row, Value sum) { k.accumulate(sum, a[2], row); });
    });
  return success();
}

static LogicalResult lower(step::SumRowsOp op, EntryLowering &entry) {
  int64_t columns = columnsOf(op.getInput());
  for (Value where : entry.accumulators(op.getResult()))
    entry.launch("sum_rows_" + sizesOf(columns, elementOf(op.getInput())), entry.constant(1),
                 {entry.buffer(op.getInput()), entry.tokens(), entry.oneRow(where)},
                 [&](RowWriter &k, ValueRange a) {
                   Value sum = k.fold(a[1], columns, [&](Value j) { return k.load(a[0], j); });
                   k.accumulate(sum, a[2], k.row());
                 });
  return success();
}

LogicalResult roux::lowerMatmul(Operation *op, EntryLowering &entry) {
  if (auto linear = dyn_cast<step::LinearOp>(op))
    return lowerLinear(linear, Value(), entry);
  if (auto linear = dyn_cast<step::LinearAddOp>(op))
    return lowerLinear(linear, linear.getAddend(), entry);
  if (auto gradient = dyn_cast<step::LinearGradOp>(op))
    return lower(gradient, entry);
  return lower(cast<step::SumRowsOp>(op), entry);
}
