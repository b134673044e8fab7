//===- GPUAttention.cpp - attention over segments on a GPU -----------------===//
//
// Flash attention. A block of threads has an item: queries of one head. Their keys
// stream past in blocks, the next ones on their way while one is worked on. Each thread
// keeps the largest score and the sum of weights of the rows it shares, and rescales what
// is gathered when the largest grows; scores never leave registers.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/gpu/GPUAttentionForward.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

Value roux::listed(GPUFunction &gpu, Value list, Value number, Value column) {
  LoopBuilder &code = gpu.code;
  int64_t columns = cast<MemRefType>(list.getType()).getDimSize(1);
  Type element = code.getI32Type();
  Value at = code.add(code.mul(number, columns), column);
  Value found = code.load(element, code.address(gpu.known.lookup(list), element, at));
  return arith::IndexCastOp::create(code, code.getIndexType(), found);
}

GPUAttentionItem roux::readItem(GPUFunction &gpu, Value work, Value number) {
  auto column = [&](int64_t i) { return listed(gpu, work, number, gpu.code.index(i)); };
  return {column(0), column(1), column(2), column(3), column(4), column(5)};
}

static int64_t rowColumns(GPUHead head) {
  return cast<MemRefType>(head.buffer.getType()).getDimSize(1);
}
FloatType roux::numbersOf(Value buffer) {
  return cast<FloatType>(cast<MemRefType>(buffer.getType()).getElementType());
}

Value roux::headAddress(GPUFunction &gpu, GPUHead head, Value row, Value column) {
  LoopBuilder &code = gpu.code;
  int64_t all = rowColumns(head);
  Value at = code.add(code.mul(row, all), code.mul(head.head, all / head.heads));
  return code.address(gpu.known.lookup(head.buffer), numbersOf(head.buffer), code.add(at, column));
}

void roux::fillHead(GPUFunction &gpu, GPUHead head, Value first, Value end, SharedTile to,
                    int64_t rows, int64_t columns) {
  LoopBuilder &code = gpu.code;
  FloatType element = numbersOf(head.buffer);
  int64_t own = rowColumns(head) / head.heads;
  int64_t chunk = std::gcd(own, 128 / (int64_t)element.getWidth());
  auto below = [&](Value a, Value b) -> Value {
    return arith::CmpIOp::create(code, arith::CmpIPredicate::slt, a, b);
  };
  auto exists = [&](Value line, Value cell) -> Value {
    return arith::AndIOp::create(code, below(code.add(first, line), end),
                                 below(cell, code.index(own)));
  };
  auto address = [&](Value line, Value cell) {
    return headAddress(gpu, head, code.add(first, line), cell);
  };
  auto read = [&](Value line, Value cell) {
    return code.load(VectorType::get(chunk, element), address(line, cell));
  };
  TileFill fill{to, rows, columns, chunk, exists, read};
  if (element == to.element && element.isBF16() && chunk >= 2)
    fill.address = address;
  fillTile(gpu, fill);
}

FloatType roux::multipliedIn(ValueRange buffers) {
  MLIRContext *context = buffers[0].getContext();
  auto is = [&](auto test) { return [=](Value buffer) { return test(numbersOf(buffer)); }; };
  if (llvm::all_of(buffers, is([](FloatType type) { return type.isBF16(); })))
    return BFloat16Type::get(context);
  if (llvm::any_of(buffers, is([](FloatType type) { return type.isF64(); })))
    return Float64Type::get(context);
  return Float32Type::get(context);
}

Value GPUScores::exponent(Value product) {
  LoopBuilder &code = gpu.code;
  Type type = product.getType();
  if (!softcap)
    return arith::MulFOp::create(code, product, code.number(type, scale * log2e));
  Value share = arith::MulFOp::create(code, product, code.number(type, scale / *softcap));
  return arith::MulFOp::create(code, math::TanhOp::create(code, share),
                               code.number(type, *softcap * log2e));
}

Value GPUScores::score(Value product) {
  return isScaledLater() ? product : exponent(product);
}

Value GPUScores::exponentOf(Value score) {
  return isScaledLater() ? exponent(score) : score;
}

Value GPUScores::weight(Value score, Value largest) {
  LoopBuilder &code = gpu.code;
  if (!isScaledLater())
    return power(arith::SubFOp::create(code, score, largest));
  Type type = score.getType();
  Value minus = arith::NegFOp::create(code, largest);
  return power(math::FmaOp::create(code, score, code.number(type, scale * log2e), minus));
}

Value GPUScores::capSlope(Value slope, Value exponent) {
  if (!softcap)
    return slope;
  LoopBuilder &code = gpu.code;
  Type type = slope.getType();
  Value share = arith::MulFOp::create(code, exponent, code.number(type, 1 / (*softcap * log2e)));
  Value square = arith::MulFOp::create(code, share, share);
  Value factor = arith::SubFOp::create(code, code.number(type, 1), square);
  return arith::MulFOp::create(code, slope, factor);
}

Value GPUScores::power(Value exponent) {
  LoopBuilder &code = gpu.code;
  if (exponent.getType().isF64())
    return math::Exp2Op::create(code, exponent);
  // One instruction; math.exp2 would add what brings small results right.
  return LLVM::CallIntrinsicOp::create(code, exponent.getType(),
                                       code.getStringAttr("llvm.nvvm.ex2.approx.ftz.f32"), exponent)
      .getResult(0);
}

Value roux::narrow(GPUFunction &gpu, Value index) {
  return arith::IndexCastOp::create(gpu.code, gpu.code.getI32Type(), index);
}

Value roux::isAbove(GPUFunction &gpu, Value a, int64_t b) {
  return arith::CmpIOp::create(gpu.code, arith::CmpIPredicate::sgt, a,
                               arith::ConstantIntOp::create(gpu.code, b, 32));
}

Value GPUScores::sees(Value ahead, int64_t more) {
  LoopBuilder &code = gpu.code;
  Value seen = isAbove(gpu, ahead, -1 - more);
  if (!window)
    return seen;
  Value near = arith::CmpIOp::create(code, arith::CmpIPredicate::slt, ahead,
                                     arith::ConstantIntOp::create(code, window - more, 32));
  return arith::AndIOp::create(code, seen, near);
}

GPUForward::GPUForward(AttentionOp op, GPUFunction &gpu)
    : op(op), gpu(gpu), code(gpu.code),
      number(multipliedIn({op.getQuery(), op.getKey(), op.getValue()})), columns(op.headColumns()),
      padded(llvm::alignTo(columns, 16)), scores(GPUScores::of(gpu, op)) {
  if (isByWarpgroups(gpu, op)) {
    planWarpgroups();
    return;
  }
  gpu.shape.threads = 128, gpu.shape.blocksAtOnce = 1;
  int64_t pitch = BlockTile::pitchOf(number, padded), bytes = number.getWidth() / 8;
  auto needed = [&](int64_t rows, int64_t stages) {
    int64_t scratch = number.isBF16() ? 0 : rows * (rows + 1);
    return ((1 + 2 * stages) * rows * pitch + scratch) * bytes + 1024;
  };
  block = number.isBF16() ? 64 : 32;
  while (!number.isBF16() && block > 16 && needed(block, 1) > mostShared)
    block /= 2;
  stages = needed(block, 2) <= mostShared ? 2 : 1;
  stageNumbers = block * pitch;
  query = {gpu.allocate(number, stageNumbers), pitch, number};
  key = {gpu.allocate(number, stages * stageNumbers), pitch, number};
  value = {gpu.allocate(number, stages * stageNumbers), pitch, number, /*termsFirst=*/true};
  if (!number.isBF16())
    weights = {gpu.allocate(number, block * (block + 1)), block + 1, number};
  products.emplace(gpu, number, block, block);
  gathers.emplace(gpu, number, block, padded);
}

LoopBuilder::Values GPUForward::State::all() const {
  LoopBuilder::Values values(largest);
  llvm::append_range(values, sums);
  llvm::append_range(values, gathered);
  return values;
}

GPUForward::State GPUForward::stateOf(ValueRange all) {
  int64_t rows = products->rowsEach();
  return {BlockTile::Sums(all.take_front(rows)), BlockTile::Sums(all.slice(rows, rows)),
          BlockTile::Sums(all.drop_front(2 * rows))};
}

SharedTile GPUForward::stageOf(SharedTile tile, Value stage) {
  tile.base = code.address(tile.base, number, code.mul(stage, stageNumbers));
  return tile;
}

void GPUForward::fillBlock(Value buffer, Value first, Value end, SharedTile to) {
  int64_t heads = op.getKvHeads();
  Value group = code.div(item.head, op.getHeads() / heads);
  fillHead(gpu, {buffer, heads, group}, first, end, to, block, padded);
}

void GPUForward::fill(Value first, Value end, Value stage) {
  fillBlock(op.getKey(), first, end, stageOf(key, stage));
  fillBlock(op.getValue(), first, end, stageOf(value, stage));
  commitCopies(gpu);
}

/// Scores of keys that a query does not see become less than any. Most blocks have none.
void GPUForward::hide(BlockTile::Sums &products, const Block &keys) {
  const BlockTile &tile = *this->products;
  auto isMost = [&](Value a, Value b) -> Value {
    return arith::CmpIOp::create(code, arith::CmpIPredicate::sle, a, b);
  };
  auto either = [&](Value a, Value b) -> Value { return arith::OrIOp::create(code, a, b); };
  Value behind = code.add(keys.first, block), place = code.sub(keys.first, item.streamBegin);
  Value some = either(isMost(code.add(keys.position, 1), code.add(place, block - 1)),
                      isMost(code.add(keys.end, 1), behind));
  if (scores.window)
    some = either(some, isMost(place, code.add(keys.position, block - scores.window - 1)));
  products = code.when(some, products, [&] {
    BlockTile::Sums scores = products;
    Value left = narrow(gpu, code.sub(code.sub(keys.end, keys.first), tile.column()));
    Value ahead =
        narrow(gpu, code.sub(code.add(keys.position, tile.row()), code.add(place, tile.column())));
    Value least = code.number(tile.sum(), -std::numeric_limits<double>::infinity());
    for (int64_t i = 0; i < tile.rowsEach(); ++i)
      for (int64_t j = 0; j < tile.columnsEach(); ++j) {
        Value sees = this->scores.sees(ahead, tile.rowDistance(i) - tile.columnDistance(j));
        sees = arith::AndIOp::create(code, sees, isAbove(gpu, left, tile.columnDistance(j)));
        Value &score = BlockTile::at(tile, scores, i, j);
        score = arith::SelectOp::create(code, sees, score, least);
      }
    return scores;
  });
}

/// Products with a block of keys become weights; what was gathered of the blocks before is to
/// shrink by what is returned, a factor for each of a thread's rows.
BlockTile::Sums GPUForward::weigh(State &state, BlockTile::Sums &products, const Block &keys) {
  const BlockTile &tile = *this->products;
  auto larger = [&](Value a, Value b) -> Value { return arith::MaxNumFOp::create(code, a, b); };
  for (Value &product : products)
    product = scores.score(product);
  hide(products, keys);
  BlockTile::Sums shrinks;
  for (int64_t i = 0; i < tile.rowsEach(); ++i) {
    Value best = BlockTile::at(tile, products, i, 0);
    for (int64_t j = 1; j < tile.columnsEach(); ++j)
      best = larger(best, BlockTile::at(tile, products, i, j));
    best = larger(state.largest[i], scores.exponentOf(tile.acrossRow(best, larger)));
    shrinks.push_back(scores.power(arith::SubFOp::create(code, state.largest[i], best)));
    state.largest[i] = best;
    Value sum = arith::MulFOp::create(code, state.sums[i], shrinks.back());
    for (int64_t j = 0; j < tile.columnsEach(); ++j) {
      Value &weight = BlockTile::at(tile, products, i, j);
      weight = scores.weight(weight, best);
      sum = arith::AddFOp::create(code, sum, weight);
    }
    state.sums[i] = sum;
  }
  return shrinks;
}

void GPUForward::shrink(State &state, const BlockTile::Sums &shrinks) {
  for (int64_t i = 0; i < gathers->rowsEach(); ++i)
    for (int64_t j = 0; j < gathers->columnsEach(); ++j) {
      Value &kept = BlockTile::at(*gathers, state.gathered, i, j);
      kept = arith::MulFOp::create(code, kept, shrinks[i]);
    }
}

GPUForward::State GPUForward::addKeys(State state, const Block &keys, Value stage) {
  BlockTile::Sums made = products->multiply(products->zero(), query, stageOf(key, stage), padded);
  shrink(state, weigh(state, made, keys));
  state.gathered =
      gathers->multiply(state.gathered, *products, made, weights, stageOf(value, stage));
  return state;
}

/// The rows of keys that any of `count` queries at `position` may see, from the first of a block
/// on.
std::pair<Value, Value> GPUForward::keysSeen(Value count, Value position) {
  Value end = code.min(item.streamEnd, code.add(item.streamBegin, code.add(position, count)));
  Value begin = item.streamBegin;
  if (scores.window) {
    Value hidden = code.max(code.add(position, 1 - scores.window), code.index(0));
    begin = code.add(begin, code.mul(code.div(hidden, block), block));
  }
  return {begin, end};
}

/// Has the queries brought, when all are done with those before.
void GPUForward::fillQueries(Value first, Value count) {
  gpu.barrier();
  fillHead(gpu, {op.getQuery(), (int64_t)op.getHeads(), item.head}, first, code.add(first, count),
           query, block, padded);
}

GPUForward::State GPUForward::startState() {
  State start;
  start.largest.assign(products->rowsEach(), code.number(products->sum(), -1e30));
  start.sums.assign(products->rowsEach(), code.number(products->sum(), 0));
  start.gathered = gathers->zero();
  return start;
}

/// `count` queries from row `first` on, at `position` of the segment.
void GPUForward::queries(Value first, Value count, Value position) {
  auto [begin, end] = keysSeen(count, position);
  fillQueries(first, count);
  if (stages == 1)
    commitCopies(gpu);
  else
    fill(begin, end, code.index(0));
  auto all = code.loop(begin, end, block, startState().all(),
                       [&, begin = begin, end = end](Value at, ValueRange carried) {
                         Value stage = code.rem(code.div(code.sub(at, begin), block), stages);
                         gpu.barrier(); // all are done with the stage that is filled next
                         if (stages == 1) {
                           fill(at, end, stage);
                           waitForCopies(gpu, 0);
                         } else {
                           fill(code.add(at, block), end, code.sub(code.index(1), stage));
                           waitForCopies(gpu, 1);
                         }
                         gpu.barrier();
                         return addKeys(stateOf(carried), {at, end, position}, stage).all();
                       });
  waitForCopies(gpu, 0);
  finish(stateOf(all), first, count);
}

void GPUForward::finish(State state, Value first, Value count) {
  const BlockTile &tile = *gathers;
  int64_t heads = op.getHeads();
  FloatType type = tile.sum(), kept = numbersOf(op.getLogsumexp());
  auto plus = [&](Value a, Value b) -> Value { return arith::AddFOp::create(code, a, b); };
  for (int64_t i = 0; i < tile.rowsEach(); ++i) {
    Value sum = tile.acrossRow(state.sums[i], plus), row = code.add(first, tile.row(i));
    Value exists = arith::CmpIOp::create(code, arith::CmpIPredicate::slt, tile.row(i), count);
    Value isFirst = arith::AndIOp::create(code, exists, tile.isFirstOfRow());
    code.when(isFirst, {}, [&] {
      Value total = plus(state.largest[i], math::Log2Op::create(code, sum));
      total = arith::MulFOp::create(code, total, code.number(type, 1 / log2e));
      Value at = code.add(code.mul(row, heads), item.head);
      code.store(code.convert(total, kept),
                 code.address(gpu.known.lookup(op.getLogsumexp()), kept, at));
      return LoopBuilder::Values();
    });
    Value share = arith::DivFOp::create(code, code.number(type, 1), sum);
    int64_t step = tile.hasPairs() && columns % 2 == 0 ? 2 : 1;
    for (int64_t j = 0; j < tile.columnsEach(); j += step) {
      Value is = arith::CmpIOp::create(code, arith::CmpIPredicate::slt, tile.column(j),
                                       code.index(columns));
      code.when(arith::AndIOp::create(code, exists, is), {}, [&] {
        BlockTile::Sums numbers;
        for (int64_t n = 0; n < step; ++n)
          numbers.push_back(
              arith::MulFOp::create(code, BlockTile::at(tile, state.gathered, i, j + n), share));
        Value number = numbers[0];
        if (step == 2)
          number = vector::FromElementsOp::create(code, VectorType::get(2, type), numbers);
        code.store(code.convert(number, numbersOf(op.getOutput())),
                   headAddress(gpu, {op.getOutput(), heads, item.head}, row, tile.column(j)));
        return LoopBuilder::Values();
      });
    }
  }
}

void GPUForward::lower() {
  Value exists = arith::CmpIOp::create(code, arith::CmpIPredicate::slt, gpu.block, gpu.extent);
  code.when(exists, {}, [&] {
    item = readItem(gpu, op.getWork(), gpu.block);
    code.loop(code.index(0), item.rows, block, [&](Value at) {
      Value count = code.min(code.sub(item.rows, at), code.index(block));
      Value first = code.add(item.firstRow, at), position = code.add(item.position, at);
      if (byWarpgroups)
        queriesByWarpgroups(first, count, position);
      else
        queries(first, count, position);
    });
    return LoopBuilder::Values();
  });
}

void roux::lowerAttention(AttentionOp op, GPUFunction &gpu) {
  GPUForward(op, gpu).lower();
}
