//===- Reference.cpp - walking functions ----------------------------------===//
//
// Values by name, operations in order, layers by slicing.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/step/Reference.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/SymbolTable.h"

#include <cstdlib>
#include <functional>
#include <numeric>

using namespace mlir;

namespace roux::step::reference {

static size_t product(const std::vector<int64_t> &shape) {
  return std::accumulate(shape.begin(), shape.end(), size_t(1), std::multiplies<>());
}

Array::Array(std::vector<int64_t> shape) : shape(std::move(shape)) {
  values.resize(product(this->shape));
}
Array::Array(std::vector<int64_t> shape, std::vector<double> values)
    : shape(std::move(shape)), values(std::move(values)) {
  if (product(this->shape) != this->values.size())
    llvm::report_fatal_error("an array's shape and number of values differ");
}
Array Array::column(std::vector<double> values) {
  int64_t length = values.size();
  return Array({length}, std::move(values));
}

static Array slice(const Array &stack, int64_t layer) {
  std::vector<int64_t> shape(stack.shape.begin() + 1, stack.shape.end());
  size_t size = product(shape);
  auto begin = stack.values.begin() + layer * size;
  return Array(shape, std::vector<double>(begin, begin + size));
}

/// Puts slice `layer` of `count` into `stack`, which is made at the first.
static void place(Array &stack, const Array &part, int64_t layer, int64_t count) {
  if (stack.values.empty()) {
    std::vector<int64_t> shape{count};
    shape.insert(shape.end(), part.shape.begin(), part.shape.end());
    stack = Array(shape);
  }
  std::copy(part.values.begin(), part.values.end(),
            stack.values.begin() + layer * part.values.size());
}

static func::FuncOp calleeOf(Operation *op, ArrayAttr names, size_t layer) {
  return SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      op, cast<FlatSymbolRefAttr>(names[layer % names.size()]));
}

static std::vector<Array> runLayers(LayersOp op, ArrayRef<Array> operands, const Watch &watch) {
  size_t shared = op.getShared().size(), count = op.getCount();
  ArrayRef<Array> sharedValues = operands.slice(1, shared),
                  weights = operands.drop_front(1 + shared);
  std::vector<Array> results(2 + op.getSaved().size());
  Array x = operands[0];
  for (size_t layer = 0; layer < count; ++layer) {
    place(results[1], x, layer, count);
    std::vector<Array> arguments{x};
    arguments.insert(arguments.end(), sharedValues.begin(), sharedValues.end());
    for (const Array &weight : weights)
      arguments.push_back(slice(weight, layer));
    std::vector<Array> returned = run(calleeOf(op, op.getCallees(), layer), arguments, watch);
    x = returned[0];
    for (size_t i = 1; i < returned.size(); ++i)
      place(results[1 + i], returned[i], layer, count);
  }
  results[0] = x;
  return results;
}

static std::vector<Array> runLayersGrad(LayersGradOp op, ArrayRef<Array> operands,
                                        const Watch &watch) {
  size_t shared = op.getShared().size(), count = op.getCount();
  ArrayRef<Array> sharedValues = operands.slice(2, shared),
                  stacks = operands.drop_front(2 + shared);
  std::vector<Array> results(1 + op.getSums().size());
  Array gradient = operands[0];
  for (size_t layer = count; layer-- > 0;) {
    std::vector<Array> arguments{gradient, slice(operands[1], layer)};
    arguments.insert(arguments.end(), sharedValues.begin(), sharedValues.end());
    for (const Array &stack : stacks)
      arguments.push_back(slice(stack, layer));
    std::vector<Array> returned = run(calleeOf(op, op.getCallees(), layer), arguments, watch);
    gradient = returned[0];
    for (size_t i = 1; i < returned.size(); ++i)
      place(results[i], returned[i], layer, count);
  }
  results[0] = gradient;
  return results;
}

static std::vector<Array> runConstant(arith::ConstantOp op) {
  auto type = cast<RankedTensorType>(op.getType());
  auto value = cast<SplatElementsAttr>(op.getValue()).getSplatValue<APFloat>();
  Array result(type.getShape().vec());
  std::fill(result.values.begin(), result.values.end(), value.convertToDouble());
  return {result};
}

static std::vector<Array> runOne(Operation *op, ArrayRef<Array> operands, int64_t tokens,
                                 const Watch &watch) {
  if (auto layers = dyn_cast<LayersOp>(op))
    return runLayers(layers, operands, watch);
  if (auto layers = dyn_cast<LayersGradOp>(op))
    return runLayersGrad(layers, operands, watch);
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return runConstant(constant);
  if (isa<AccumulateOp>(op)) {
    Array sum = operands[1];
    std::transform(sum.values.begin(), sum.values.end(), operands[0].values.begin(),
                   sum.values.begin(), std::plus());
    return {sum};
  }
  std::vector<Array> results = runForward(op, operands, tokens);
  if (results.empty())
    results = runGradient(op, operands);
  if (results.size() == op->getNumResults())
    return results;
  op->emitError() << "has no meaning in the reference evaluator";
  std::abort();
}

std::vector<Array> run(func::FuncOp function, std::vector<Array> arguments, const Watch &watch) {
  DenseMap<Value, Array> values;
  for (auto [name, value] : llvm::zip_equal(function.getArguments(), arguments))
    values[name] = value;
  auto valuesOf = [&](OperandRange range) {
    std::vector<Array> found;
    for (Value value : range)
      found.push_back(values.find(value)->second);
    return found;
  };
  // Every function takes something that has a row for every token; offsets of segments are one
  // more than these, and may outnumber the tokens.
  int64_t tokens = 0;
  for (BlockArgument argument : function.getArguments()) {
    auto type = cast<RankedTensorType>(argument.getType());
    auto column =
        function.getArgAttrOfType<ColumnAttr>(argument.getArgNumber(), StepDialect::columnName);
    if (type.getRank() && type.isDynamicDim(0) && !rowsOf(type) &&
        !(column && column.getValue() == Column::segments))
      tokens = std::max(tokens, values.find(argument)->second.rows());
  }
  for (Operation &op : function.front().without_terminator()) {
    std::vector<Array> operands = valuesOf(op.getOperands());
    std::vector<Array> results = runOne(&op, operands, tokens, watch);
    if (watch)
      watch(&op, operands, results);
    for (auto [name, value] : llvm::zip_equal(op.getResults(), results))
      values[name] = value;
  }
  return valuesOf(function.front().getTerminator()->getOperands());
}

} // namespace roux::step::reference
