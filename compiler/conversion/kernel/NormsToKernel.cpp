//===- NormsToKernel.cpp - rms_norm, layer_norm and their gradients -------===//
//
// A row kernel for what flows along the stream; for a weight's gradient one row
// folded over all tokens, with the statistics that the first has left in
// columns.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/EntryLowering.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace roux;

/// 1 / sqrt(sum of squares / columns + epsilon).
static Value inverseRoot(RowWriter &k, Value sumOfSquares, int64_t columns, double epsilon) {
  Value mean = k.div(sumOfSquares, k.number(columns));
  return math::RsqrtOp::create(k, k.add(mean, k.number(epsilon)));
}

/// A norm's gain: the weight, or one more.
static Value gain(RowWriter &k, Value weight, bool aroundOne) {
  Value value = k.load(weight, {});
  return aroundOne ? k.add(value, k.number(1)) : value;
}

static LogicalResult lower(step::RMSNormOp op, EntryLowering &entry) {
  int64_t size = columnsOf(op.getWeight());
  double epsilon = op.getEpsilon().convertToDouble();
  std::string name = "rms_norm_" + sizesOf(size, elementOf(op.getInput()));
  entry.launch(name, entry.times(entry.tokens(), op.getGroups()),
               {entry.rows(entry.buffer(op.getInput()), size), entry.buffer(op.getWeight()),
                entry.rows(entry.result(op.getResult()), size)},
               [&](RowWriter &k, ValueRange a) {
                 Value row = k.row(), x = k.load(a[0], row);
                 Value inverse = inverseRoot(k, k.sum(k.mul(x, x)), size, epsilon);
                 k.store(k.mul(k.mul(x, inverse), gain(k, a[1], op.getAroundOne())), a[2], row);
               });
  return success();
}

static LogicalResult lower(step::RMSNormGradOp op, EntryLowering &entry) {
  int64_t size = columnsOf(op.getWeight());
  double epsilon = op.getEpsilon().convertToDouble();
  std::string sizes = sizesOf(size, elementOf(op.getInput()));
  Value count = entry.times(entry.tokens(), op.getGroups());
  Value gradient = entry.rows(entry.buffer(op.getGradient()), size);
  Value input = entry.rows(entry.buffer(op.getInput()), size);
  auto column = MemRefType::get({ShapedType::kDynamic}, entry.accumulation());
  Value inverses = entry.scratch("inverse", column, count);
  entry.launch("rms_norm_gradient_" + sizes, count,
               {gradient, input, entry.buffer(op.getWeight()),
                entry.rows(entry.result(op.getInputGradient()), size), inverses},
               [&](RowWriter &k, ValueRange a) {
                 Value row = k.row(), x = k.load(a[1], row);
                 Value g = k.mul(k.load(a[0], row), gain(k, a[2], op.getAroundOne()));
                 Value squares = k.sum(k.mul(x, x)), dot = k.sum(k.mul(g, x));
                 Value inverse = inverseRoot(k, squares, size, epsilon);
                 Value cube = k.mul(k.mul(inverse, inverse), inverse);
                 Value pull = k.div(k.mul(cube, dot), k.number(size));
                 k.store(inverse, a[4], row);
                 k.store(k.sub(k.mul(g, inverse), k.mul(x, pull)), a[3], row);
               });
  for (Value where : entry.accumulators(op.getWeightGradient()))
    entry.launch("rms_norm_weight_gradient_" + sizes, entry.constant(1),
                 {gradient, input, inverses, count, entry.oneRow(where)},
                 [&](RowWriter &k, ValueRange a) {
                   Value sum = k.fold(a[3], size, [&](Value j) {
                     return k.mul(k.mul(k.load(a[0], j), k.load(a[1], j)), k.load(a[2], j));
                   });
                   k.accumulate(sum, a[4], k.row());
                 });
  return success();
}

/// The mean of a row and the inverse of its deviation.
static std::pair<Value, Value> statistics(RowWriter &k, Value x, int64_t columns, double epsilon) {
  Value mean = k.div(k.sum(x), k.number(columns)), centred = k.sub(x, mean);
  return {mean, inverseRoot(k, k.sum(k.mul(centred, centred)), columns, epsilon)};
}

static LogicalResult lower(step::LayerNormOp op, EntryLowering &entry) {
  int64_t size = columnsOf(op.getWeight());
  double epsilon = op.getEpsilon().convertToDouble();
  std::string name = "layer_norm_" + sizesOf(size, elementOf(op.getInput()));
  SmallVector<Value> operands{entry.rows(entry.buffer(op.getInput()), size),
                              entry.buffer(op.getWeight()),
                              entry.rows(entry.result(op.getResult()), size)};
  if (op.getBias())
    operands.push_back(entry.buffer(op.getBias()));
  entry.launch(name, entry.times(entry.tokens(), op.getGroups()), operands,
               [&](RowWriter &k, ValueRange a) {
                 Value row = k.row(), x = k.load(a[0], row);
                 auto [mean, inverse] = statistics(k, x, size, epsilon);
                 Value scaled = k.mul(k.mul(k.sub(x, mean), inverse), k.load(a[1], {}));
                 k.store(op.getBias() ? k.add(scaled, k.load(a[3], {})) : scaled, a[2], row);
               });
  return success();
}

static LogicalResult lower(step::LayerNormGradOp op, EntryLowering &entry) {
  int64_t size = columnsOf(op.getWeight());
  double epsilon = op.getEpsilon().convertToDouble();
  std::string sizes = sizesOf(size, elementOf(op.getInput()));
  Value count = entry.times(entry.tokens(), op.getGroups());
  Value gradient = entry.rows(entry.buffer(op.getGradient()), size);
  Value input = entry.rows(entry.buffer(op.getInput()), size);
  auto column = MemRefType::get({ShapedType::kDynamic}, entry.accumulation());
  Value means = entry.scratch("mean", column, count);
  Value inverses = entry.scratch("inverse", column, count);
  entry.launch("layer_norm_gradient_" + sizes, count,
               {gradient, input, entry.buffer(op.getWeight()),
                entry.rows(entry.result(op.getInputGradient()), size), means, inverses},
               [&](RowWriter &k, ValueRange a) {
                 Value row = k.row(), x = k.load(a[1], row);
                 auto [mean, inverse] = statistics(k, x, size, epsilon);
                 Value normal = k.mul(k.sub(x, mean), inverse);
                 Value g = k.mul(k.load(a[0], row), k.load(a[2], {}));
                 Value meanG = k.div(k.sum(g), k.number(size));
                 Value along = k.div(k.sum(k.mul(g, normal)), k.number(size));
                 k.store(mean, a[4], row);
                 k.store(inverse, a[5], row);
                 k.store(k.mul(k.sub(k.sub(g, meanG), k.mul(normal, along)), inverse), a[3], row);
               });
  for (Value where : entry.accumulators(op.getWeightGradient()))
    entry.launch("layer_norm_weight_gradient_" + sizes, entry.constant(1),
                 {gradient, input, means, inverses, count, entry.oneRow(where)},
                 [&](RowWriter &k, ValueRange a) {
                   Value sum = k.fold(a[4], size, [&](Value j) {
                     Value normal = k.mul(k.sub(k.load(a[1], j), k.load(a[2], j)), k.load(a[3], j));
                     return k.mul(k.load(a[0], j), normal);
                   });
                   k.accumulate(sum, a[5], k.row());
                 });
  for (Value where : entry.accumulators(op.getBiasGradient()))
    entry.launch("sum_rows_" + sizes, entry.constant(1), {gradient, count, entry.oneRow(where)},
                 [&](RowWriter &k, ValueRange a) {
                   Value sum = k.fold(a[1], size, [&](Value j) { return k.load(a[0], j); });
                   k.accumulate(sum, a[2], k.row());
                 });
  return success();
}

LogicalResult roux::lowerNorm(Operation *op, EntryLowering &entry) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<step::RMSNormOp, step::RMSNormGradOp, step::LayerNormOp, step::LayerNormGradOp>(
          [&](auto op) { return lower(op, entry); })
      .Default([](Operation *) { return failure(); });
}
