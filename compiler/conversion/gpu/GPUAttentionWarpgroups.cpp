//===- GPUAttentionWarpgroups.cpp - attention on a GPU, by wgmma -----------===//
//
// Two warpgroups have 64 queries each. While one block of keys is multiplied, the values
// of the block before are too: its weights are an operand in registers, and the softmax
// of the new ones runs while the tensor cores are at that. Copies of keys are one block
// ahead, of values none.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/gpu/GPUAttentionForward.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace roux;

/// Of a head: more do not fit in the registers of two warpgroups beside the products.
static constexpr int64_t mostColumns = 128;

std::string roux::whyNotByWarpgroups(kernel::AttentionOp op) {
  if (!multipliedIn({op.getQuery(), op.getKey(), op.getValue()}).isBF16())
    return "its numbers are not bf16";
  if (op.getBlock() == 1)
    return "a single query is not worth a tile";
  if (op.headColumns() > mostColumns)
    return llvm::formatv("heads have {0} columns, more than {1}", op.headColumns(), mostColumns);
  return {};
}

void GPUForward::planWarpgroups() {
  byWarpgroups = true;
  gpu.shape.threads = 256, gpu.shape.blocksAtOnce = 1;
  block = BlockTile::warpgroupRows(gpu), stages = 2;
  padded = llvm::alignTo(columns, BlockTile::swizzledCells);
  stageNumbers = block * padded;
  auto allocate = [&](int64_t stages, bool termsFirst) {
    Value base = gpu.allocate(number, stages * stageNumbers, BlockTile::swizzledAlignment);
    return SharedTile{base, block, number, termsFirst, /*isSwizzled=*/true};
  };
  query = allocate(1, false), key = allocate(stages, false), value = allocate(stages, true);
  products.emplace(BlockTile::ofWarpgroups(gpu, block, block));
  gathers.emplace(BlockTile::ofWarpgroups(gpu, block, padded));
}

/// The keys of this turn are there, and the values of the turn before; the copies after them begin.
void GPUForward::arrive(const Block &keys, Value turn) {
  waitForCopies(gpu, 0);
  products->sharedIsSeen();
  gpu.barrier(); // and all are done with what is filled next
  fillBlock(op.getKey(), code.add(keys.first, block), keys.end,
            stageOf(key, code.rem(code.add(turn, 1), stages)));
  fillBlock(op.getValue(), keys.first, keys.end, stageOf(value, code.rem(turn, stages)));
  commitCopies(gpu);
}

BlockTile::Sums GPUForward::firstWeights(State &state, const Block &keys) {
  arrive(keys, code.index(0));
  products->beginProducts();
  BlockTile::Sums made = products->multiplied({}, query, key, llvm::alignTo(columns, 16));
  products->commitProducts();
  made = products->finish(made);
  weigh(state, made, keys);
  return products->asOperand(made);
}

/// Begins to add the values of a block, times their weights.
void GPUForward::addValues(State &state, BlockTile::Sums weights, Value turn) {
  weights.append(state.gathered);
  weights = gathers->beginProducts(weights);
  size_t words = weights.size() - state.gathered.size();
  state.gathered = BlockTile::Sums(ArrayRef(weights).drop_front(words));
  weights.truncate(words);
  SharedTile values = stageOf(value, code.rem(turn, stages));
  state.gathered = gathers->multipliedBy(weights, state.gathered, values, block);
  gathers->commitProducts();
}

BlockTile::Sums GPUForward::nextWeights(State &state, const BlockTile::Sums &weights,
                                        const Block &keys, Value turn) {
  arrive(keys, turn);
  products->beginProducts();
  BlockTile::Sums made = products->multiplied({}, query, stageOf(key, code.rem(turn, stages)),
                                              llvm::alignTo(columns, 16));
  products->commitProducts();
  addValues(state, weights, code.add(turn, 1));
  made = products->waitForProducts(1, made);
  BlockTile::Sums shrinks = weigh(state, made, keys);
  state.gathered = gathers->finish(state.gathered);
  shrink(state, shrinks);
  return products->asOperand(made);
}

void GPUForward::queriesByWarpgroups(Value first, Value count, Value position) {
  auto [begin, end] = keysSeen(count, position);
  fillQueries(first, count);
  fillBlock(op.getKey(), begin, end, key);
  commitCopies(gpu);
  State start = startState();
  LoopBuilder::Values carried = firstWeights(start, {begin, end, position});
  size_t words = carried.size();
  llvm::append_range(carried, start.all());
  Value from = begin, to = end;
  carried = code.loop(code.add(begin, block), end, block, carried, [&](Value at, ValueRange all) {
    State state = stateOf(all.drop_front(words));
    LoopBuilder::Values next = nextWeights(state, BlockTile::Sums(all.take_front(words)),
                                           {at, to, position}, code.div(code.sub(at, from), block));
    llvm::append_range(next, state.all());
    return next;
  });
  State state = stateOf(ValueRange(carried).drop_front(words));
  waitForCopies(gpu, 0);
  gathers->sharedIsSeen();
  gpu.barrier();
  Value last = code.div(code.sub(code.add(end, -1), begin), block);
  addValues(state, BlockTile::Sums(ValueRange(carried).take_front(words)), last);
  state.gathered = gathers->finish(state.gathered);
  finish(state, first, count);
}
