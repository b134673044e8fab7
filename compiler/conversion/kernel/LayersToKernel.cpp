//===- LayersToKernel.cpp - layers as loops over one body -----------------===//
//
// A layer function is lowered once, inside a kernel.repeat whose turns differ
// only in the slices of the stacks: kernels do not multiply with depth. Where layers
// of several kinds take turns, the body of the loop is one round of them.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/EntryLowering.h"

using namespace mlir;
using namespace roux;

template <typename Op>
static func::FuncOp calleeOf(Op op, int64_t layer) {
  auto name = cast<FlatSymbolRefAttr>(op.getCallees()[layer % op.getCallees().size()]);
  return SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, name);
}

namespace {
/// A loop whose body is `size` layers one after the other.
struct Turns {
  int64_t first, size, count;
};
} // namespace

/// Layers of one body, at most.
static constexpr int64_t mostBody = 16;

/// Whole turns from layer `first` on that call what the first `size` layers call.
static int64_t turnsFrom(ArrayAttr callees, int64_t layers, int64_t first, int64_t size) {
  auto callee = [&](int64_t layer) { return callees[layer % callees.size()]; };
  int64_t end = first + size;
  while (end < layers && callee(end) == callee(end - size))
    ++end;
  return end > layers ? 0 : (end - first) / size;
}

/// Cuts the layers into loops of as many layers as can be: where patterns repeat, programs do not
/// grow with depth.
static SmallVector<Turns> loopsOf(ArrayAttr callees, int64_t layers) {
  SmallVector<Turns> loops;
  for (int64_t first = 0; first < layers;) {
    Turns best{first, 1, turnsFrom(callees, layers, first, 1)};
    for (int64_t size = 2; size <= mostBody; ++size)
      if (int64_t count = turnsFrom(callees, layers, first, size);
          count > 1 && count * size > best.count * best.size)
        best = {first, size, count};
    loops.push_back(best);
    first += best.size * best.count;
  }
  return loops;
}

/// Runs `body(layer, which)` for all layers, in loops; `which` is one that calls the same.
static void forLayers(EntryLowering &entry, ArrayAttr callees, int64_t layers, bool reverse,
                      function_ref<void(Value layer, int64_t which)> body) {
  SmallVector<Turns> loops = loopsOf(callees, layers);
  if (reverse)
    std::reverse(loops.begin(), loops.end());
  for (const Turns &turns : loops) {
    bool single = turns.size == 1;
    int64_t begin = single ? turns.first : 0;
    entry.repeat(
        entry.constant(begin), entry.constant(begin + turns.count), reverse, [&](Value at) {
          Value base = at;
          if (!single)
            base = arith::MulIOp::create(entry.host(), at, entry.constant(turns.size));
          for (int64_t i = 0; i < turns.size; ++i) {
            int64_t which = turns.first + (reverse ? turns.size - 1 - i : i);
            Value layer =
                single
                    ? base
                    : arith::AddIOp::create(entry.host(), base, entry.constant(which)).getResult();
            body(layer, which);
          }
        });
  }
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
  auto oneLayer = [&](Value layer, int64_t which) {
    if (failed(status))
      return;
    Value next = arith::AddIOp::create(entry.host(), layer, one);
    SmallVector<Value> arguments{slot(entry, streams, layer)};
    llvm::append_range(arguments, buffersOf(entry, op.getShared()));
    for (Value weight : op.getWeights())
      arguments.push_back(entry.slice(entry.buffer(weight), layer));
    SmallVector<Value> results{slot(entry, streams, next)};
    for (Value stack : saved)
      results.push_back(entry.slice(stack, layer));
    status = entry.inlineBody(calleeOf(op, which), arguments, results);
  };
  forLayers(entry, op.getCallees(), count, /*reverse=*/false, oneLayer);
  entry.alias(op.getResult(), slot(entry, streams, entry.constant(count)));
  return status;
}

static LogicalResult lower(step::LayersGradOp op, EntryLowering &entry) {
  int64_t count = op.getCount(), columns = columnsOf(op.getGradient());
  auto type = MemRefType::get({2, ShapedType::kDynamic, columns}, elementOf(op.getGradient()));
  Value gradients = entry.scratch("gradients", type, entry.tokens());
  entry.copy(op.getGradient(), entry.buffer(op.getGradient()),
             slot(entry, gradients, entry.constant(count)));
  LogicalResult status = success();
  auto oneLayer = [&](Value layer, int64_t which) {
    if (failed(status))
      return;
    Value next = arith::AddIOp::create(entry.host(), layer, entry.constant(1));
    SmallVector<Value> arguments{slot(entry, gradients, next),
                                 entry.slice(entry.buffer(op.getInputs()), layer)};
    llvm::append_range(arguments, buffersOf(entry, op.getShared()));
    for (ValueRange stacks :
         {ValueRange(op.getWeights()), ValueRange(op.getSums()), ValueRange(op.getSaved())})
      for (Value stack : stacks)
        arguments.push_back(entry.slice(entry.buffer(stack), layer));
    SmallVector<Value> results(1 + op.getSums().size());
    results[0] = slot(entry, gradients, layer);
    status = entry.inlineBody(calleeOf(op, which), arguments, results);
  };
  forLayers(entry, op.getCallees(), count, /*reverse=*/true, oneLayer);
  entry.alias(op.getInputGradient(), slot(entry, gradients, entry.constant(0)));
  return status;
}

LogicalResult roux::lowerLayers(Operation *op, EntryLowering &entry) {
  if (auto layers = dyn_cast<step::LayersOp>(op))
    return lower(layers, entry);
  return lower(cast<step::LayersGradOp>(op), entry);
}
