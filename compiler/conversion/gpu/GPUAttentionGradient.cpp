//===- GPUAttentionGradient.cpp - attention's gradients on a GPU -----------===//
//
// Of flash attention. An item owns keys of a segment and a key head, a block of them at a
// time; the queries that see them stream past, once for all three gradients. By mma.sync
// weights and slopes go through shared memory, from where they are operands either way:
// so each warp has half of its keys' columns, and sums fit in registers for heads of any
// size. What the keys give to the queries is gathered in rows of memory that are the
// item's own and added in order by a second function, when all blocks are done.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/gpu/GPUAttentionGradient.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

int64_t GPUGradient::neededBytes(int64_t keys, int64_t queries) {
  int64_t words = (2 * keys + 2 * stages * queries) * BlockTile::pitchOf(number, padded) +
                  2 * keys * BlockTile::pitchOf(number, queries);
  return words * number.getWidth() / 8 + 1024;
}

GPUGradient::GPUGradient(AttentionGradientOp op, GPUFunction &gpu)
    : op(op), gpu(gpu), code(gpu.code),
      number(multipliedIn({op.getQuery(), op.getKey(), op.getValue(), op.getOutputGradient()})),
      columns(op.headColumns()), padded(llvm::alignTo(columns, columns <= 96 ? 32 : 64)),
      scores(GPUScores::of(gpu, op)), top(gpu.sharedTop) {
  gpu.shape.threads = 256, gpu.shape.blocksAtOnce = 1;
  if (isByWarpgroups(gpu, op)) {
    planWarpgroups();
    return;
  }
  keyBlock = number.isBF16() ? 64 : 32;
  queryBlock = keyBlock;
  if (neededBytes(keyBlock, 32) > mostShared)
    stages = 1;
  // The tensor cores have 32 queries at least.
  while (queryBlock > (number.isBF16() ? 32 : 16) && neededBytes(keyBlock, queryBlock) > mostShared)
    queryBlock /= 2;
  while (!number.isBF16() && keyBlock > 16 && neededBytes(keyBlock, queryBlock) > mostShared)
    keyBlock /= 2;
  int64_t pitch = BlockTile::pitchOf(number, padded);
  auto allocate = [&](int64_t rows, int64_t pitch) {
    return SharedTile{gpu.allocate(number, rows * pitch), pitch, number};
  };
  key = allocate(keyBlock, pitch), value = allocate(keyBlock, pitch);
  query = allocate(stages * queryBlock, pitch), output = allocate(stages * queryBlock, pitch);
  int64_t across = BlockTile::pitchOf(number, queryBlock);
  weightTile = allocate(keyBlock, across), slopeTile = allocate(keyBlock, across);
  products.emplace(gpu, number, keyBlock, queryBlock, 2);
  gathers.emplace(gpu, number, keyBlock, padded, 2);
  gives.emplace(gpu, number, queryBlock, padded, 128 / queryBlock);
  stageNumbers = queryBlock * pitch;
}

Value GPUGradient::isBelow(Value a, Value b) {
  return arith::CmpIOp::create(code, arith::CmpIPredicate::slt, a, b);
}

/// Zero for the queries that may see the item's keys, of the heads of its group.
void GPUGradient::clearPartials() {
  int64_t all = columns * (int64_t)op.getHeads(), share = all / (int64_t)op.getKvHeads();
  FloatType element = numbersOf(op.getPartials());
  Value rows = code.sub(item.streamEnd, item.firstRow);
  code.loop(gpu.thread, code.mul(rows, share), gpu.shape.threads, [&](Value number) {
    Value row = code.add(code.add(item.firstRow, code.div(number, share)), shift);
    Value at = code.add(code.mul(row, all), code.mul(item.head, share));
    code.store(code.number(element, 0), code.address(gpu.known.lookup(op.getPartials()), element,
                                                     code.add(at, code.rem(number, share))));
  });
  gpu.barrier();
}

void GPUGradient::fill(Value head, Value first, Value end, Value stage) {
  int64_t heads = op.getHeads();
  fillHead(gpu, {op.getQuery(), heads, head}, first, end, stageOf(query, stage), queryBlock,
           padded);
  fillHead(gpu, {op.getOutputGradient(), heads, head}, first, end, stageOf(output, stage),
           queryBlock, padded);
  if (byWarpgroups)
    fillStatistics(head, first, end, stage);
  commitCopies(gpu);
}

/// The number of each of a thread's queries in `buffer`, a column a head.
BlockTile::Sums GPUGradient::statistics(Value buffer, const Queries &at) {
  const BlockTile &tile = *products;
  if (byWarpgroups)
    return statisticsOf(buffer == op.getDelta() ? 1 : 0, at.stage);
  Type kept = numbersOf(buffer);
  Value first = code.add(at.first, tile.column()), last = code.add(at.end, -1);
  BlockTile::Sums numbers;
  for (int64_t j = 0; j < tile.columnsEach(); ++j) {
    Value row = code.min(code.add(first, tile.columnDistance(j)), last);
    Value place = code.add(code.mul(row, (int64_t)op.getHeads()), at.head);
    Value number = code.load(kept, code.address(gpu.known.lookup(buffer), kept, place));
    numbers.push_back(code.convert(number, tile.sum()));
  }
  return numbers;
}

/// Weights of keys that a query does not see become zero. Most blocks have none.
void GPUGradient::hide(BlockTile::Sums &weights, const Queries &at, const Keys &keys) {
  const BlockTile &tile = *products;
  auto either = [&](Value a, Value b) -> Value { return arith::OrIOp::create(code, a, b); };
  Value behind = code.sub(at.first, keys.first);
  Value some =
      either(isBelow(behind, code.index(keyBlock - 1)), isBelow(keys.count, code.index(keyBlock)));
  some = either(some, isBelow(at.end, code.add(at.first, queryBlock)));
  if (scores.window)
    some = either(some, isBelow(code.index(scores.window - queryBlock), behind));
  weights = code.when(some, weights, [&] {
    BlockTile::Sums left = weights;
    Value none = code.number(tile.sum(), 0);
    Value queriesLeft = narrow(gpu, code.sub(code.sub(at.end, at.first), tile.column()));
    Value keysLeft = narrow(gpu, code.sub(keys.count, tile.row()));
    Value ahead = narrow(gpu, code.sub(code.add(behind, tile.column()), tile.row()));
    for (int64_t j = 0; j < tile.columnsEach(); ++j) {
      Value isQuery = isAbove(gpu, queriesLeft, tile.columnDistance(j));
      for (int64_t i = 0; i < tile.rowsEach(); ++i) {
        Value seen = scores.sees(ahead, tile.columnDistance(j) - tile.rowDistance(i));
        Value isKey = isAbove(gpu, keysLeft, tile.rowDistance(i));
        seen = arith::AndIOp::create(code, seen, arith::AndIOp::create(code, isKey, isQuery));
        Value &weight = BlockTile::at(tile, left, i, j);
        weight = arith::SelectOp::create(code, seen, weight, none);
      }
    }
    return left;
  });
}

/// Products of keys and queries become scores, and these give weights.
BlockTile::Sums GPUGradient::weigh(BlockTile::Sums &products, const Queries &at, const Keys &keys) {
  const BlockTile &tile = *this->products;
  FloatType type = tile.sum();
  BlockTile::Sums logsumexp = statistics(op.getLogsumexp(), at), weights = products;
  for (int64_t j = 0; j < tile.columnsEach(); ++j) {
    Value total = arith::MulFOp::create(code, logsumexp[j], code.number(type, log2e));
    for (int64_t i = 0; i < tile.rowsEach(); ++i) {
      Value &score = BlockTile::at(tile, products, i, j);
      score = scores.score(score);
      BlockTile::at(tile, weights, i, j) = scores.weight(score, total);
    }
  }
  hide(weights, at, keys);
  return weights;
}

/// Products of values and output gradients become slopes.
void GPUGradient::slope(BlockTile::Sums &slopes, BlockTile::Sums weights, BlockTile::Sums scored,
                        const Queries &at) {
  const BlockTile &tile = *products;
  BlockTile::Sums delta = statistics(op.getDelta(), at);
  for (int64_t j = 0; j < tile.columnsEach(); ++j)
    for (int64_t i = 0; i < tile.rowsEach(); ++i) {
      Value &slope = BlockTile::at(tile, slopes, i, j);
      slope = arith::MulFOp::create(code, BlockTile::at(tile, weights, i, j),
                                    arith::SubFOp::create(code, slope, delta[j]));
      slope = scores.capSlope(slope, BlockTile::at(tile, scored, i, j));
    }
}

/// Adds what the keys give to the queries of the block, which `made` gives, to their partial sums.
/// A row is always the same thread's, so that its turns follow each other.
void GPUGradient::give(const Queries &at, function_ref<BlockTile::Sums()> made) {
  const BlockTile &tile = *gives;
  FloatType element = numbersOf(op.getPartials());
  int64_t step = tile.hasPairs() && columns % 2 == 0 ? 2 : 1;
  Type type = step == 2 ? Type(VectorType::get(2, element)) : element;
  auto isRow = [&](int64_t i) { return isBelow(code.add(at.first, tile.row(i)), at.end); };
  auto isColumn = [&](int64_t j) { return isBelow(tile.column(j), code.index(columns)); };
  auto place = [&](int64_t i, int64_t j) {
    return headAddress(gpu, {op.getPartials(), (int64_t)op.getHeads(), at.head},
                       code.add(code.add(at.first, tile.row(i)), shift), tile.column(j));
  };
  bool areAll = columns == tile.columns();
  LoopBuilder::Values before, none(tile.columnsEach() / step, code.number(type, 0));
  for (int64_t i = 0; i < tile.rowsEach(); ++i)
    llvm::append_range(before, code.when(isRow(i), none, [&] {
      LoopBuilder::Values row = none;
      for (int64_t j = 0; j < tile.columnsEach(); j += step) {
        auto load = [&] { return LoopBuilder::Values{code.load(type, place(i, j))}; };
        Value &number = row[j / step];
        number = areAll ? load()[0] : code.when(isColumn(j), number, load)[0];
      }
      return row;
    }));
  BlockTile::Sums sums = made();
  auto add = [&](int64_t i, int64_t j) {
    Value given = BlockTile::at(tile, sums, i, j);
    if (step == 2)
      given =
          vector::FromElementsOp::create(code, VectorType::get(2, tile.sum()),
                                         ValueRange{given, BlockTile::at(tile, sums, i, j + 1)});
    Value old = before[(i * tile.columnsEach() + j) / step];
    code.store(arith::AddFOp::create(code, old, code.convert(given, element)), place(i, j));
    return LoopBuilder::Values();
  };
  for (int64_t i = 0; i < tile.rowsEach(); ++i)
    code.when(isRow(i), {}, [&] {
      for (int64_t j = 0; j < tile.columnsEach(); j += step)
        if (areAll)
          add(i, j);
        else
          code.when(isColumn(j), {}, [&] { return add(i, j); });
      return LoopBuilder::Values();
    });
}

/// A block of queries of one head: carried are the gradients of keys and of values.
LoopBuilder::Values GPUGradient::addQueries(const Queries &at, const Keys &keys,
                                            ValueRange carried) {
  size_t half = carried.size() / 2;
  SharedTile queries = stageOf(query, at.stage), outputs = stageOf(output, at.stage);
  BlockTile::Sums scored = products->multiply(products->zero(), key, queries, padded);
  BlockTile::Sums weights = weigh(scored, at, keys);
  products->store(weights, weightTile);
  BlockTile::Sums slopes = products->multiply(products->zero(), value, outputs, padded);
  slope(slopes, weights, scored, at);
  products->store(slopes, slopeTile);
  gpu.barrier();
  auto values = gathers->multiply(BlockTile::Sums(carried.drop_front(half)), weightTile,
                                  byTerms(outputs), queryBlock);
  auto made = gathers->multiply(BlockTile::Sums(carried.take_front(half)), slopeTile,
                                byTerms(queries), queryBlock);
  give(at,
       [&] { return gives->multiply(gives->zero(), byTerms(slopeTile), byTerms(key), keyBlock); });
  llvm::append_range(made, values);
  return made;
}

LoopBuilder::Values GPUGradient::queryHead(Value head, const Keys &keys, ValueRange carried) {
  Value first = keys.first, end = item.streamEnd;
  if (scores.window)
    end = code.min(end, code.add(code.add(first, keys.count), scores.window - 1));
  gpu.barrier(); // all are done with the queries before
  if (stages > 1)
    fill(head, first, end, code.index(0));
  auto turn = [&](Value head, Value at, ValueRange sums) {
    Value stage = code.rem(code.div(code.sub(at, first), queryBlock), stages);
    gpu.barrier(); // and with the stage that is filled next
    if (stages > 1)
      fill(head, code.add(at, queryBlock), end, code.sub(code.index(1), stage));
    else
      fill(head, at, end, stage);
    waitForCopies(gpu, stages - 1);
    if (byWarpgroups)
      products->sharedIsSeen();
    gpu.barrier();
    Queries queries{head, at, end, stage};
    return byWarpgroups ? addByWarpgroups(queries, keys, sums) : addQueries(queries, keys, sums);
  };
  auto all = code.loop(first, end, queryBlock, carried, [&](Value at, ValueRange sums) {
    LoopBuilder::Values next;
    if (byWarpgroups)
      tilesHere([&] { next = turn(gpu.here(head), gpu.here(at), sums); });
    else
      next = turn(head, at, sums);
    return next;
  });
  waitForCopies(gpu, 0); // the last one, of nothing, may be to where the next head's begin
  return all;
}

/// Sums where rows of them can be read; `top` is where shared memory is free from.
SharedTile GPUGradient::kept(const BlockTile::Sums &sums) {
  SharedTile to{gpu.allocate(gathers->sum(), keyBlock * (padded + 4)), padded + 4, gathers->sum()};
  gathers->store(sums, to);
  return to;
}

/// Passes rows of sums, times `scale`, through the body of their gradient.
void GPUGradient::pass(SharedTile sums, Region &region, double scale, Value first, Value count) {
  int64_t heads = op.getKvHeads();
  gpu.barrier();
  runRows(
      gpu, region.front(), count, columns,
      [&](Value number) { return code.add(code.mul(code.add(first, number), heads), item.head); },
      [&](Value number, Value, Chunk chunk) -> Value {
        auto row = VectorType::get(chunk.width, sums.element);
        Value at = code.add(code.mul(number, sums.pitch), chunk.first);
        Value found = code.load(row, code.address(sums.base, sums.element, at));
        return arith::MulFOp::create(code, found, code.number(row, scale));
      });
}

/// Both gradients through their bodies: out of registers together, if there is room.
void GPUGradient::passAll(ValueRange sums, Value first, Value count) {
  BlockTile::Sums keys(sums.take_front(sums.size() / 2)), values(sums.drop_front(sums.size() / 2));
  int64_t mark = gpu.sharedTop, each = keyBlock * (padded + 4) * gathers->sum().getWidth() / 8;
  double scale = op.getScale().convertToDouble();
  gpu.reuseFrom(top);
  gpu.barrier();
  SharedTile ofKeys = kept(keys);
  if (2 * each + 1024 <= mostShared) {
    SharedTile ofValues = kept(values);
    pass(ofKeys, op.getKeyResult(), scale, first, count);
    pass(ofValues, op.getValueResult(), 1, first, count);
  } else {
    pass(ofKeys, op.getKeyResult(), scale, first, count);
    gpu.barrier();
    gpu.reuseFrom(top);
    pass(kept(values), op.getValueResult(), 1, first, count);
  }
  gpu.reuseFrom(mark);
}

void GPUGradient::keys(Value first, Value count) {
  int64_t heads = op.getKvHeads(), share = op.getHeads() / op.getKvHeads();
  gpu.barrier(); // all are done with what passed through bodies before
  Value end = code.add(first, count);
  fillHead(gpu, {op.getKey(), heads, item.head}, first, end, key, keyBlock, padded);
  fillHead(gpu, {op.getValue(), heads, item.head}, first, end, value, keyBlock, padded);
  commitCopies(gpu);
  LoopBuilder::Values start(gathers->zero());
  llvm::append_range(start, gathers->zero());
  Value firstHead = code.mul(item.head, share);
  auto all = code.loop(code.index(0), code.index(share), 1, start, [&](Value at, ValueRange sums) {
    Value head = code.add(firstHead, at);
    if (!byWarpgroups)
      return queryHead(head, {first, count}, sums);
    LoopBuilder::Values next;
    tilesHere([&] { next = queryHead(gpu.here(head), {gpu.here(first), count}, sums); });
    return next;
  });
  passAll(all, first, count);
}

void GPUGradient::lower() {
  code.when(isBelow(gpu.block, gpu.extent), {}, [&] {
    item = readItem(gpu, op.getWork(), gpu.block);
    shift = listed(gpu, op.getWork(), gpu.block, code.index(6));
    clearPartials();
    code.loop(code.index(0), item.rows, keyBlock, [&](Value at) {
      at = gpu.here(at);
      Value count = code.min(code.sub(item.rows, at), code.index(keyBlock));
      auto all = [&] { keys(code.add(item.firstRow, at), count); };
      if (byWarpgroups)
        tilesHere(all);
      else
        all();
    });
    return LoopBuilder::Values();
  });
}

void roux::lowerAttentionGradient(AttentionGradientOp op, GPUFunction &gpu) {
  GPUGradient(op, gpu).lower();
}

/// A block has some queries of one head; a query's gradient is the sum of its parts, in order.
void roux::lowerQuerySums(AttentionGradientOp op, GPUFunction &gpu) {
  LoopBuilder &code = gpu.code;
  int64_t heads = op.getHeads(), columns = op.headColumns();
  gpu.shape.extentPerBlock = 1, gpu.shape.blocksPerGroup = heads;
  gpu.shape.extentArgument = cast<BlockArgument>(op.getSumCount()).getArgNumber();
  FloatType type = multipliedIn({op.getQuery()}).isF64() ? FloatType(code.getF64Type())
                                                         : FloatType(code.getF32Type());
  FloatType element = numbersOf(op.getPartials());
  double scale = op.getScale().convertToDouble();
  Value number = code.div(gpu.block, heads), head = code.rem(gpu.block, heads);
  Value exists = arith::CmpIOp::create(code, arith::CmpIPredicate::slt, number, gpu.extent);
  code.when(exists, {}, [&] {
    auto column = [&](int64_t i) { return listed(gpu, op.getSums(), number, code.index(i)); };
    Value first = column(0), rows = column(1), parts = column(2);
    auto partAt = [&](Value part, Value row, Chunk chunk) {
      Value begin = listed(gpu, op.getSums(), number, code.add(part, 3));
      Value from =
          headAddress(gpu, {op.getPartials(), heads, head}, code.add(begin, row), chunk.first);
      return code.convert(code.load(VectorType::get(chunk.width, element), from), type);
    };
    runRows(
        gpu, op.getQueryResult().front(), rows, columns,
        [&](Value row) { return code.add(code.mul(code.add(first, row), heads), head); },
        [&](Value row, Value, Chunk chunk) -> Value {
          Value sum = partAt(code.index(0), row, chunk);
          sum = code.loop(code.index(1), parts, 1, sum, [&](Value part, ValueRange carried) {
            Value more = partAt(part, row, chunk);
            return LoopBuilder::Values{arith::AddFOp::create(code, carried[0], more)};
          })[0];
          return arith::MulFOp::create(code, sum, code.number(sum.getType(), scale));
        });
    return LoopBuilder::Values();
  });
}
