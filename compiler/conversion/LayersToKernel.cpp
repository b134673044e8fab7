//===- LayersToKernel.cpp - layers as loops over one body -----------------===//
//
// A layer function is lowered once, inside a kernel.repeat whose turns differ
// only in the slices of the stacks: kernels do not multiply with depth.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/EntryLowering.h"

using namespace mlir;
using namespace roux;

static func::FuncOp calleeOf(Operation *op, FlatSymbolRefAttr name) {
  return SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, name);
}

/// The buffers of `tensors`; null for the segments, which kernels do not read.
static SmallVector<Value> buffersOf(EntryLowering &entry, ValueRange tensors) {
  SmallVector<Value> found;
  for (Value tensor : tensors)
    found.push_back(entry.buffer(tensor));
  return found;
}

/// The stream before layer l is slot l of one stack; slot `count` is the result.
static LogicalResult lower(step::LayersOp op, EntryLowering &entry) {
  int64_t count = op.getCount(), columns = columnsOf(op.getInput());
  auto type = MemRefType::get({count + 1, ShapedType::kDynamic, columns}, elementOf(op.getInput()));
  bool kept = !op.getInputs().use_empty();
  if (!kept)
    type = MemRefType::get({2, ShapedType::kDynamic, columns}, elementOf(op.getInput()));
  Value streams = entry.scratch("streams", type, entry.tokens());
  Value zero = entry.constant(0), one = entry.constant(1);
  entry.copy(entry.buffer(op.getInput()), entry.slice(streams, zero), columns);
  entry.alias(op.getInputs(), streams);
  SmallVector<Value> saved;
  for (Value stack : op.getSaved())
    saved.push_back(entry.result(stack));

  LogicalResult status = success();
  entry.repeat(zero, entry.constant(count), /*reverse=*/false, [&](Value layer) {
    Value next = one;
    if (kept)
      next = arith::AddIOp::create(entry.host(), layer, one);
    SmallVector<Value> arguments{entry.slice(streams, kept ? layer : zero)};
    llvm::append_range(arguments, buffersOf(entry, op.getShared()));
    for (Value weight : op.getWeights())
      arguments.push_back(entry.slice(entry.buffer(weight), layer));
    SmallVector<Value> results{entry.slice(streams, next)};
    for (Value stack : saved)
      results.push_back(entry.slice(stack, layer));
    auto found = entry.inlineBody(calleeOf(op, op.getCalleeAttr()), arguments, results);
    status = failed(found) ? failure() : success();
    if (succeeded(status) && !kept)
      entry.copy(results[0], arguments[0], columns);
  });
  entry.alias(op.getResult(), entry.slice(streams, entry.constant(kept ? count : 0)));
  return status;
}

static LogicalResult lower(step::LayersGradOp op, EntryLowering &entry) {
  int64_t count = op.getCount(), columns = columnsOf(op.getGradient());
  func::FuncOp callee = calleeOf(op, op.getCalleeAttr());
  Value gradient = entry.result(op.getInputGradient());
  entry.copy(entry.buffer(op.getGradient()), gradient, columns);

  LogicalResult status = success();
  entry.repeat(entry.constant(0), entry.constant(count), /*reverse=*/true, [&](Value layer) {
    SmallVector<Value> arguments{gradient, entry.slice(entry.buffer(op.getInputs()), layer)};
    llvm::append_range(arguments, buffersOf(entry, op.getShared()));
    for (ValueRange stacks : {ValueRange(op.getWeights()), ValueRange(op.getSaved())})
      for (Value stack : stacks)
        arguments.push_back(entry.slice(entry.buffer(stack), layer));
    auto returned = callee.front().getTerminator()->getOperands();
    for (auto [owed, stack] : llvm::zip_equal(returned.drop_front(), op.getWeightGradients()))
      if (Value where = entry.accumulated(stack))
        entry.wantGradient(owed, entry.slice(where, layer));
    auto found = entry.inlineBody(callee, arguments, SmallVector<Value>(returned.size()));
    status = failed(found) ? failure() : success();
    // Only now: kernels of this layer may have read the gradient until the end.
    if (succeeded(status))
      entry.copy((*found)[0], gradient, columns);
  });
  return status;
}

LogicalResult roux::lowerLayers(Operation *op, EntryLowering &entry) {
  if (auto layers = dyn_cast<step::LayersOp>(op))
    return lower(layers, entry);
  return lower(cast<step::LayersGradOp>(op), entry);
}
