//===- GPUContract.cpp - matmul with row bodies on a GPU -------------------===//
//
// A block of threads has a tile of a result, of each of its products. Operands pass
// through their bodies into shared memory, two stretches of terms ahead of their use:
// by asynchronous copies where a body only loads. The sums then go to shared memory,
// from where the result's body takes rows, or whole windows of rows.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/gpu/GPUContract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

Value GPUContract::isBelow(Value a, Value b) {
  return arith::CmpIOp::create(code, arith::CmpIPredicate::slt, a, b);
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
