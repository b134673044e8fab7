//===- GPUContractPlan.cpp - how a matmul is cut for a GPU ----------------===//
//
// Results into tiles, tiles into stages of shared memory, and which block has which
// tile. Tiles follow each other in groups of rows, so that what blocks at work at the
// same time read stays in the second-level cache.
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
