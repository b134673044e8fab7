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

/// Slot `at` of a stack that keeps every turn's stream, or every other one's place of two: a turn
/// reads one slot until its end and writes the next.
static Value slot(EntryLowering &entry, Value streams, Value at) {
  if (cast<MemRefType>(streams.getType()).getDimSize(0) == 2) {
    Value two = entry.constant(2), half = arith::DivUIOp::create(entry.host(), at, two);
    at = arith::SubIOp::create(entry.host(), at, arith::MulIOp::create(entry.host(), half, two));
  }
  return entry.slice(streams, at);
}

/// The stream before layer l is slot l; slot `count` is the result.
static LogicalResult lower(step::LayersOp op, EntryLowering &entry) {
  int64_t count = op.getCount(), columns = columnsOf(op.getInput());
  auto type = MemRefType::get({count + 1, ShapedType::kDynamic, columns}, elementOf(op.getInput()));
  bool kept = !op.getInputs().use_empty();
  if (!kept)
    type = MemRefType::get({2, ShapedType::kDynamic, columns}, elementOf(op.getInput()));
  Value streams = entry.scratch("streams", type, entry.tokens());
  Value zero = entry.constant(0), one = entry.constant(1);
  entry.copy(op.getInput(), entry.buffer(op.getInput()), slot(entry, streams, zero));
  entry.alias(op.getInputs(), streams);
  SmallVector<Value> saved;
  for (Value stack : op.getSaved())
    saved.push_back(entry.result(stack));

  LogicalResult status = success();
  entry.repeat(zero, entry.constant(count), /*reverse=*/false, [&](Value layer) {
    Value next = arith::AddIOp::create(entry.host(), layer, one);
    SmallVector<Value> arguments{slot(entry, streams, layer)};
    llvm::append_range(arguments, buffersOf(entry, op.getShared()));
    for (Value weight : op.getWeights())
      arguments.push_back(entry.slice(entry.buffer(weight), layer));
    SmallVector<EntryLowering::Wanted> results{{slot(entry, streams, next), {}}};
    for (Value stack : saved)
      results.push_back({entry.slice(stack, layer), {}});
    status = entry.inlineBody(calleeOf(op, op.getCalleeAttr()), arguments, results);
  });
  entry.alias(op.getResult(), slot(entry, streams, entry.constant(count)));
  return status;
}

static LogicalResult lower(step::LayersGradOp op, EntryLowering &entry) {
  int64_t count = op.getCount(), columns = columnsOf(op.getGradient());
  func::FuncOp callee = calleeOf(op, op.getCalleeAttr());
  auto type = MemRefType::get({2, ShapedType::kDynamic, columns}, elementOf(op.getGradient()));
  Value gradients = entry.scratch("gradients", type, entry.tokens());
  entry.copy(op.getGradient(), entry.buffer(op.getGradient()),
             slot(entry, gradients, entry.constant(count)));
  SmallVector<SmallVector<Value>> accumulators;
  for (Value stack : op.getWeightGradients())
    accumulators.push_back(entry.accumulators(stack));

  LogicalResult status = success();
  entry.repeat(entry.constant(0), entry.constant(count), /*reverse=*/true, [&](Value layer) {
    Value next = arith::AddIOp::create(entry.host(), layer, entry.constant(1));
    SmallVector<Value> arguments{slot(entry, gradients, next),
                                 entry.slice(entry.buffer(op.getInputs()), layer)};
    llvm::append_range(arguments, buffersOf(entry, op.getShared()));
    for (ValueRange stacks : {ValueRange(op.getWeights()), ValueRange(op.getSaved())})
      for (Value stack : stacks)
        arguments.push_back(entry.slice(entry.buffer(stack), layer));
    SmallVector<EntryLowering::Wanted> results{{slot(entry, gradients, layer), {}}};
    for (ArrayRef<Value> stacks : accumulators) {
      EntryLowering::Wanted &wanted = results.emplace_back();
      for (Value stack : stacks)
        wanted.accumulators.push_back(entry.slice(stack, layer));
    }
    status = entry.inlineBody(callee, arguments, results);
  });
  entry.alias(op.getInputGradient(), slot(entry, gradients, entry.constant(0)));
  return status;
}

LogicalResult roux::lowerLayers(Operation *op, EntryLowering &entry) {
  if (auto layers = dyn_cast<step::LayersOp>(op))
    return lower(layers, entry);
  return lower(cast<step::LayersGradOp>(op), entry);
}
