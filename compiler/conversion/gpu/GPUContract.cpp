//===- GPUContract.cpp - matmul with row bodies on a GPU -------------------===//
//
// A block of threads has a tile of a result, of each of its products. Operands pass
// through their bodies into shared memory, two stretches of terms ahead of their use:
// by asynchronous copies where a body only loads. The sums then go to shared memory,
// from where the result's body takes rows, or whole windows of rows. Tiles follow
// each other in groups of rows, so that what blocks at work at the same time read
// stays in the second-level cache.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/gpu/GPUContract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

/// Tiles of rows that come one after another for the same columns.
static constexpr int64_t groupTiles = 8;

static FloatType yieldedBy(Region &body) {
  auto yield = cast<YieldOp>(body.front().getTerminator());
  return cast<FloatType>(rowType(yield.getRow().getType()).getElementType());
}

Value GPUContract::isBelow(Value a, Value b) {
  return arith::CmpIOp::create(code, arith::CmpIPredicate::slt, a, b);
}

LoadOp roux::onlyLoadOf(Region &region) {
  auto yield = cast<YieldOp>(region.front().getTerminator());
  auto load = yield.getRow().getDefiningOp<LoadOp>();
  bool isRow = load && load.getIndices().size() == 1 &&
               load.getIndices()[0] == region.front().getArgument(0);
  return isRow ? load : LoadOp();
}

bool GPUContract::multipliesBF16() {
  return op.accumulator().isF32() && llvm::all_of(op.getBodies(), [&](Region &body) {
           return !op.isOperand(body) || yieldedBy(body).isBF16();
         });
}

GPUContract::GPUContract(ContractOp op, GPUFunction &gpu)
    : op(op), gpu(gpu), code(gpu.code), isTN(op.getForm() == Form::TN),
      hasFewRows(cast<FuncOp>(op->getParentOp()).getFewRows()), sum(op.accumulator()),
      number(multipliesBF16() ? FloatType(code.getBF16Type()) : sum),
      byWarpgroups(number.isBF16() && gpu.target.blocks && !hasFewRows) {
  gpu.shape.threads = hasFewRows ? 128 : 256;
  plan();
  if (byWarpgroups && !fitsWarpgroups()) {
    byWarpgroups = false;
    plan();
  }
  // A block's sums are half of a multiprocessor's; of few rows, others' accesses are to be under
  // way beside its own.
  gpu.shape.blocksAtOnce = byWarpgroups ? 1 : hasFewRows ? 3 : 0;
  // Wide windows leave fewer rows.
  for (const Result &result : results)
    while (number.isBF16() &&
           tileRows * result.tileColumns * (int64_t)result.products.size() > most * mostTogether)
      tileRows /= 2;
}

void GPUContract::plan() {
  most = tileRows = byWarpgroups ? BlockTile::warpgroupRows(gpu) : number.isBF16() ? 128 : 64;
  mostTogether = byWarpgroups ? 256 : most;
  stretch = byWarpgroups ? BlockTile::swizzledCells : number.isBF16() ? 32 : 16;
  if (isTN && number.isBF16())
    mostTogether = columnsByWaves();
  results.clear();
  for (unsigned at = 0; at < op.results(); ++at)
    results.push_back(planResult(at));
  if (hasFewRows)
    fitFewRows();
}

/// Columns of a tile where rows of the result, and so tiles, are known: those with which all blocks
/// are done first, by a fifth at least: wide ones read less. Blocks go to multiprocessors in waves,
/// and what a tile takes beside its columns is as much as 32 more. A result of 384 by 384 has 18
/// tiles of 64 columns rather than 6 of 256.
int64_t GPUContract::columnsByWaves() {
  constexpr int64_t narrowest = 64, beside = 32;
  int64_t best = mostTogether, least = 0;
  for (int64_t columns = mostTogether; columns >= narrowest; columns -= narrowest) {
    mostTogether = columns;
    int64_t tiles = 0, widest = 0;
    for (unsigned at = 0; at < op.results(); ++at) {
      Result result = planResult(at);
      tiles += llvm::divideCeil(result.rows, tileRows) * result.columnTiles();
      widest = std::max<int64_t>(widest, result.step * result.products.size());
    }
    int64_t time = llvm::divideCeil(tiles, multiprocessors) * (widest + beside);
    if (!least || 5 * time <= 4 * least)
      best = columns, least = time;
  }
  return best;
}

/// Whether no tile has more sums than the registers of its threads.
bool GPUContract::fitsWarpgroups() const {
  return llvm::all_of(results, [&](const Result &result) {
    return result.tileColumns * (int64_t)result.products.size() <= mostTogether;
  });
}

GPUContract::Result GPUContract::planResult(unsigned at) {
  Result result;
  result.body = &op.result(at).front();
  result.columns = op.columns(at), result.rows = op.rows(at);
  int64_t windows = op.getWindows()[at];
  result.window = windows > 1 ? result.columns / windows : 0;
  result.products = op.productsOf(at);
  if (hasFewRows) {
    planFewRows(result);
    return result;
  }
  int64_t limit = mostTogether / llvm::bit_ceil(result.products.size());
  if (result.window)
    result.step =
        std::min(std::max<int64_t>(1, limit / result.window) * result.window, result.columns);
  else
    result.step = std::min<int64_t>(limit, llvm::alignTo(result.columns, 16));
  result.tileColumns = llvm::alignTo(result.step, 16);
  return result;
}

SharedTile GPUContract::stageOf(const Operand &operand, Value stage) {
  SharedTile tile = operand.tile;
  tile.base = code.address(tile.base, number, code.mul(stage, operand.words));
  return tile;
}

Value GPUContract::operandAt(Region &region, Value line, Value cell, int64_t chunk) {
  Block &body = region.front();
  IRMapping known = gpu.known;
  known.map(body.getArgument(0), line);
  RowBody rows(code, body, known);
  GPURows none(code.index(0), 1, {}, chunk);
  rows.emitScalars(none);
  DenseMap<Value, Value> done;
  return rows.rowAt(cast<YieldOp>(body.getTerminator()).getRow(), {cell, chunk, {}}, done);
}

/// Terms [term, term + stretch) of an operand's rows, of which those that are not there are zero.
void GPUContract::fill(const Operand &operand, const Result &result, Place place, Value stage,
                       Value term) {
  Region &region = *operand.body;
  Block &body = region.front();
  Value row = cast<YieldOp>(body.getTerminator()).getRow();
  int64_t columns = rowType(row.getType()).getDimSize(0);
  bool byTerms = operand.tile.termsFirst;
  Value first = operand.isLeft ? place.row : place.column;
  Value lines = byTerms          ? operand.terms
                : operand.isLeft ? rowsOf(result)
                                 : code.index(result.columns);
  Value firstLine = byTerms ? term : first, firstCell = byTerms ? first : term;
  int64_t chunk = std::gcd(chunkOf(body), std::gcd(columns, (int64_t)(byWarpgroups ? 8 : 16)));
  LoadOp load = onlyLoadOf(region);
  bool isCopied =
      load && number == rowType(row.getType()).getElementType() && number.isBF16() && chunk >= 2;
  TileFill fill{stageOf(operand, stage),
                byTerms ? stretch : operand.rows,
                byTerms ? operand.rows : stretch,
                chunk,
                {},
                {}};
  auto exists = [&](Value line, Value cell) -> Value {
    return arith::AndIOp::create(code, isBelow(code.add(firstLine, line), lines),
                                 isBelow(code.add(firstCell, cell), code.index(columns)));
  };
  auto read = [&](Value line, Value cell) {
    return operandAt(region, code.add(firstLine, line), code.add(firstCell, cell), chunk);
  };
  auto address = [&](Value line, Value cell) {
    auto type = cast<MemRefType>(load.getBuffer().getType());
    Value at = code.mul(code.add(firstLine, line), type.getDimSize(1));
    at = code.add(code.add(at, code.add(firstCell, cell)), load.getFrom());
    return code.address(gpu.known.lookup(load.getBuffer()), number, at);
  };
  fill.exists = exists, fill.read = read;
  if (isCopied)
    fill.address = address;
  fillTile(gpu, fill);
}

/// Of the longest of a result's sums.
Value GPUContract::termsOf(const Result &result) {
  int64_t longest = 0;
  for (ContractOp::Product product : result.products)
    longest = std::max(longest, op.terms(product));
  return isTN ? gpu.extent : code.index(longest);
}

/// The tile's sums of each product, a stretch of terms after another.
SmallVector<BlockTile::Sums> GPUContract::sumsOf(const Result &result, Place place,
                                                 const BlockTile &tile, Operands &operands) {
  Value turns = code.div(code.add(termsOf(result), stretch - 1), stretch);
  auto fillAll = [&](Value turn) {
    for (auto &[region, operand] : operands)
      fill(operand, result, place, code.rem(turn, stages), code.mul(turn, stretch));
    commitCopies(gpu);
  };
  code.loop(code.index(0), code.index(stages - 1), 1, [&](Value turn) { fillAll(turn); });
  LoopBuilder::Values start;
  for (size_t i = 0; i < result.products.size(); ++i)
    llvm::append_range(start, tile.zero());
  int64_t each = tile.rowsEach() * tile.columnsEach();
  auto split = [&](ValueRange all) {
    SmallVector<BlockTile::Sums> parts;
    for (size_t i = 0; i < result.products.size(); ++i)
      parts.emplace_back(all.slice(i * each, each));
    return parts;
  };
  auto all = code.loop(code.index(0), turns, 1, start, [&](Value turn, ValueRange carried) {
    waitForCopies(gpu, stages - 2);
    if (byWarpgroups)
      tile.sharedIsSeen();
    gpu.barrier(); // this stage is there, and all are done with the one that is filled next
    if (!byWarpgroups)
      fillAll(code.add(turn, stages - 1));
    SmallVector<BlockTile::Sums> made;
    for (auto [product, sums] : llvm::zip(result.products, split(carried))) {
      SharedTile left = stageOf(operands[&op.left(product.left)], code.rem(turn, stages));
      SharedTile right = stageOf(operands[&op.right(product.right)], code.rem(turn, stages));
      made.push_back(byWarpgroups ? tile.begin(sums, left, right, stretch)
                                  : tile.multiply(sums, left, right, stretch));
    }
    if (byWarpgroups) {
      fillAll(code.add(turn, stages - 1)); // while that is multiplied
      for (BlockTile::Sums &sums : made)
        sums = tile.finish(sums);
    }
    LoopBuilder::Values next;
    for (const BlockTile::Sums &sums : made)
      llvm::append_range(next, sums);
    return next;
  });
  waitForCopies(gpu, 0);
  return split(all);
}

/// The body for each window of the tile's rows.
void GPUContract::runWindows(const Result &result, Place place, ArrayRef<SharedTile> sums,
                             Value rows) {
  int64_t perTile = result.step / result.window, perRow = result.columns / result.window;
  Value firstWindow = code.div(place.column, result.window);
  Value here = code.min(code.index(perTile), code.sub(code.index(perRow), firstWindow));
  auto rowOf = [&](Value number) { return code.div(number, here); };
  auto windowOf = [&](Value number) { return code.sub(number, code.mul(rowOf(number), here)); };
  runRows(
      gpu, *result.body, code.mul(rows, here), result.window,
      [&](Value number) {
        Value row = code.mul(code.add(place.row, rowOf(number)), perRow);
        return code.add(row, code.add(firstWindow, windowOf(number)));
      },
      [&](Value number, Value row, Chunk chunk) {
        const SharedTile &tile = sums[cast<BlockArgument>(row).getArgNumber() - 1];
        Value at = code.add(code.mul(rowOf(number), tile.pitch),
                            code.add(code.mul(windowOf(number), result.window), chunk.first));
        return code.load(VectorType::get(chunk.width, sum), code.address(tile.base, sum, at));
      });
}

void GPUContract::runColumns(const Result &result, ArrayRef<SharedTile> sums, Value rows,
                             const Columns &columns) {
  int64_t chunk = std::gcd(chunkOf(*result.body), columns.most);
  int64_t threads = threadsForColumns(columns.most, chunk);
  Value thread = code.rem(gpu.thread, threads);
  code.loop(code.div(gpu.thread, threads), rows, gpu.shape.threads / threads, [&](Value number) {
    IRMapping known = gpu.known;
    known.map(result.body->getArgument(0), columns.indexOf(number));
    auto given = [&](Value row, Chunk at) {
      const SharedTile &tile = sums[cast<BlockArgument>(row).getArgNumber() - 1];
      Value cell = code.add(code.mul(number, tile.pitch), columns.cellOf(at.first));
      return code.load(VectorType::get(at.width, sum), code.address(tile.base, sum, cell));
    };
    GPURows target(thread, threads, {}, chunk);
    RowBody body(code, *result.body, known, given);
    target.restrict(columns.low, columns.end);
    body.emitScalars(target);
    target.forColumns(code, 0, chunk, {}, [&](Chunk at, ValueRange) {
      body.storesAt(at);
      return LoopBuilder::Values();
    });
  });
}

void GPUContract::runResult(const Result &result, Place place, ArrayRef<SharedTile> sums) {
  Value rows = code.min(code.sub(rowsOf(result), place.row), code.index(tileRows));
  if (result.window)
    return runWindows(result, place, sums, rows);
  Value end = code.min(code.add(place.column, result.step), code.index(result.columns));
  runColumns(result, sums, rows,
             {result.step, place.column, end,
              [&](Value number) { return code.add(place.row, number); },
              [&](Value column) { return code.sub(column, place.column); }});
}

BlockTile GPUContract::tileOf(const Result &result) {
  int64_t columnWarps = byWarpgroups                   ? 1
                        : result.tileColumns % 64 == 0 ? 4
                        : result.tileColumns % 32 == 0 ? 2
                                                       : 1;
  while (tileRows * columnWarps % 128) // a warp has 16 rows or more
    columnWarps *= 2;
  return BlockTile(gpu, number, tileRows, llvm::alignTo(result.tileColumns, 16 * columnWarps),
                   columnWarps);
}

/// The operands of a tile, without a place in shared memory.
GPUContract::Operands GPUContract::operandsOf(const Result &result, const BlockTile &tile) {
  Operands operands;
  for (ContractOp::Product product : result.products)
    for (bool isLeft : {true, false}) {
      Region *body = isLeft ? &op.left(product.left) : &op.right(product.right);
      if (operands.count(body))
        continue;
      int64_t rows = isLeft ? tile.rows() : tile.columns();
      bool byTerms = isLeft ? isTN : op.getForm() != Form::NT;
      int64_t lines = byTerms ? stretch : rows, cells = byTerms ? rows : stretch;
      int64_t pitch = byWarpgroups ? lines : BlockTile::pitchOf(number, cells);
      int64_t own = llvm::alignTo(lines * pitch, 64);
      if (byWarpgroups) // each stage begins where a tile may
        own = llvm::alignTo(lines * llvm::alignTo(cells, BlockTile::swizzledCells),
                            BlockTile::swizzledAlignment / 2);
      Value terms = isTN ? gpu.extent : code.index(op.terms(product));
      int64_t known = byTerms ? op.terms(product) : isLeft ? result.rows : result.columns;
      operands[body] = {body, isLeft, rows, terms, {{}, pitch, number, byTerms, byWarpgroups},
                        own,  known};
    }
  return operands;
}

void GPUContract::allocate(Operands &operands) {
  for (auto &[region, operand] : operands)
    operand.tile.base = gpu.allocate(number, stages * operand.words,
                                     byWarpgroups ? BlockTile::swizzledAlignment : 128);
}

int64_t GPUContract::stagesFor(int64_t most, int64_t bytes, int64_t room) {
  int64_t stages = most;
  while (stages > 2 && stages * bytes > room)
    --stages;
  return stages;
}

int64_t GPUContract::bytesOf(const Operands &operands) {
  int64_t words = 0;
  for (auto &[region, operand] : operands)
    words += operand.words;
  return words * number.getWidth() / 8;
}

void GPUContract::tile(const Result &result, Place place) {
  int64_t top = gpu.sharedTop;
  BlockTile tile = tileOf(result);
  Operands operands = operandsOf(result, tile);
  stages = byWarpgroups ? stagesFor(4, bytesOf(operands), mostSharedOfHopper)
                        : stagesFor(3, bytesOf(operands), mostShared);
  allocate(operands);
  finish(result, place, tile, sumsOf(result, place, tile, operands), top);
}

/// The sums go to where the operands were, and from there through the result's body.
void GPUContract::finish(const Result &result, Place place, const BlockTile &tile,
                         ArrayRef<BlockTile::Sums> sums, int64_t top) {
  gpu.barrier();
  gpu.reuseFrom(top);
  SmallVector<SharedTile> kept;
  for (const BlockTile::Sums &each : sums) {
    int64_t pitch = tile.columns() + 4; // rows begin at 16 bytes
    kept.push_back({gpu.allocate(sum, tile.rows() * pitch), pitch, sum});
    tile.store(each, kept.back());
  }
  gpu.barrier();
  runResult(result, place, kept);
  gpu.reuseFrom(top);
}

/// Tile number block - begin of so many rows and columns of them, if there is one.
void GPUContract::forTiles(Value begin, Value rowTiles, int64_t columnTiles,
                           function_ref<void(Value, Value)> body) {
  Value number = code.sub(gpu.block, begin);
  Value is = arith::AndIOp::create(code, isBelow(code.add(begin, -1), gpu.block),
                                   isBelow(number, code.mul(rowTiles, columnTiles)));
  code.when(is, {}, [&] {
    int64_t perGroup = groupTiles * columnTiles;
    Value firstRow = code.mul(code.div(number, perGroup), groupTiles);
    Value rows = code.min(code.sub(rowTiles, firstRow), code.index(groupTiles));
    Value local = code.rem(number, perGroup), column = code.div(local, rows);
    body(code.add(firstRow, code.sub(local, code.mul(column, rows))), column);
    return LoopBuilder::Values();
  });
}

/// What launches of the kernel have of blocks.
void GPUContract::shapeGrid() {
  int64_t columnTiles = 0, all = 0;
  for (const Result &result : results) {
    columnTiles += result.columnTiles();
    all += llvm::divideCeil(result.rows, tileRows) * result.columnTiles();
  }
  gpu.shape.extentPerBlock = isTN ? 0 : tileRows;
  gpu.shape.blocksPerGroup = isTN ? all : columnTiles;
}

void GPUContract::forTile(function_ref<void(const Result &, Place)> body) {
  auto place = [&](const Result &result, Value row, Value column) {
    return Place{code.mul(row, tileRows), code.mul(column, result.step)};
  };
  int64_t begin = 0, columnTiles = 0;
  if (isTN) {
    for (const Result &result : results) {
      int64_t rowTiles = llvm::divideCeil(result.rows, tileRows);
      forTiles(code.index(begin), code.index(rowTiles), result.columnTiles(),
               [&](Value row, Value column) { body(result, place(result, row, column)); });
      begin += rowTiles * result.columnTiles();
    }
    return;
  }
  for (const Result &result : results)
    columnTiles += result.columnTiles();
  Value rowTiles = code.div(code.add(gpu.extent, tileRows - 1), tileRows);
  forTiles(code.index(0), rowTiles, columnTiles, [&](Value row, Value column) {
    for (const Result &result : results) {
      int64_t end = begin + result.columnTiles();
      Place at = place(result, row, code.add(column, -begin));
      Value is = arith::AndIOp::create(code, isBelow(code.index(begin - 1), column),
                                       isBelow(column, code.index(end)));
      if (results.size() == 1)
        body(result, at);
      else
        code.when(is, {}, [&] {
          body(result, at);
          return LoopBuilder::Values();
        });
      begin = end;
    }
  });
}

void GPUContract::lower() {
  shapeGrid();
  if (hasFewRows)
    return lowerFewRows();
  if (isPipelined())
    return lowerPipeline();
  forTile([&](const Result &result, Place place) { tile(result, place); });
}

void roux::lowerContract(ContractOp op, GPUFunction &gpu) {
  GPUContract(op, gpu).lower();
}
