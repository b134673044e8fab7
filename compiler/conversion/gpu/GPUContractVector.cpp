//===- GPUContractVector.cpp - a matmul of few rows on a GPU: GEMV ---------===//
//
// Sequences that are being written have a row each, so every weight is used once or a
// few times and memory bounds it. What counts is that weights are read once, 16 bytes
// an access, by more blocks than there are multiprocessors. A warp has a few columns of
// the result at a time, whose terms its threads share; where terms are many, several
// warps share them. Threads' sums meet in shuffles, warps' in shared memory. Who adds
// what follows from a sum's terms, so a row's bits depend on no other row.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/gpu/GPUContract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

static constexpr int64_t warp = 32;
/// Rows that a weight is read for. Of more rows the next eight have blocks of their own, which
/// follow those of the same columns: they find weights in the second-level cache.
static constexpr int64_t rowsTogether = 8;
/// Columns that a warp has at a time, of all products: the accesses of a thread that are under way.
static constexpr int64_t columnsTogether = 4;
/// Columns of a block: as few as one thread stores in one access, so that there are many blocks,
/// and more where there are many all the same.
static constexpr int64_t fewestColumns = 8, mostColumns = 32, enoughBlocks = 4 * multiprocessors;

/// Terms of an access.
int64_t GPUContract::accessOf(ContractOp::Product product) {
  int64_t access = op.terms(product);
  for (Region *body : {&op.left(product.left), &op.right(product.right)})
    access = std::gcd(access, chunkOf(body->front()));
  return access;
}

/// Warps that share a sum's terms: no more than have some.
int64_t GPUContract::warpsOf(ContractOp::Product product) {
  int64_t turns = llvm::divideCeil(op.terms(product) / accessOf(product), warp);
  return std::min<int64_t>(gpu.shape.threads / warp, llvm::bit_floor<uint64_t>(turns));
}

int64_t GPUContract::columnsOfWarp(const Result &result) {
  int64_t products = llvm::bit_ceil(result.products.size());
  return std::max<int64_t>(1, columnsTogether / products);
}

/// Columns of the parts of a window that its body stores, where column by column what it stores
/// needs the same column of other parts and no more: rotary positions do. 0: it needs them all.
static int64_t partOf(Block &body, int64_t window) {
  int64_t part = 0;
  for (Operation &op : body) {
    if (isa<ReduceOp, FoldOp>(op))
      return 0;
    auto store = dyn_cast<StoreOp>(op);
    if (!store)
      continue;
    auto row = rowType(store.getValue().getType());
    if (!row || (part && row.getDimSize(0) != part))
      return 0;
    part = row.getDimSize(0);
  }
  bool fits = part && window % part == 0 && llvm::all_of(body.getOps<PartOp>(), [&](PartOp each) {
                return each.getFrom() % part == 0;
              });
  return fits ? part : 0;
}

/// A tile of whole windows or, so that there are many, of a strip of each part of one.
void GPUContract::planWindows(Result &result) {
  int64_t part = partOf(*result.body, result.window);
  int64_t strip = std::gcd(part, fewestColumns);
  if (part && strip % columnsOfWarp(result) == 0) {
    result.part = part, result.strip = strip;
    result.step = result.window / part * strip;
  } else {
    result.step = std::max<int64_t>(1, result.step / result.window) * result.window;
  }
}

void GPUContract::planFewRows(Result &result) {
  int64_t warps = gpu.shape.threads / warp / warpsOf(result.products.front());
  int64_t least = std::max(fewestColumns, warps * columnsOfWarp(result));
  int64_t step = llvm::bit_floor<uint64_t>(result.columns / enoughBlocks);
  result.step = std::clamp(step, least, std::max(least, mostColumns));
  if (result.window)
    planWindows(result);
  result.tileColumns = llvm::alignTo(result.step, columnsTogether) + columnsTogether;
}

int64_t GPUContract::sharedOfFewRows(const Result &result) {
  int64_t rows = 0;
  for (ContractOp::Product product : result.products)
    rows += warpsOf(product) * tileRows;
  return rows * result.tileColumns * sum.getWidth() / 8;
}

/// Wide windows leave fewer rows.
void GPUContract::fitFewRows() {
  tileRows = rowsTogether;
  for (const Result &result : results)
    while (tileRows > 1 && sharedOfFewRows(result) > mostShared)
      tileRows /= 2;
}

/// sum + left * right, term by term.
static Value addProducts(LoopBuilder &code, Value sum, Value left, Value right) {
  int64_t terms = cast<VectorType>(left.getType()).getDimSize(0);
  for (int64_t k = 0; k < terms; ++k) {
    Value a = vector::ExtractOp::create(code, left, ArrayRef<int64_t>{k});
    Value b = vector::ExtractOp::create(code, right, ArrayRef<int64_t>{k});
    sum = math::FmaOp::create(code, a, b, sum);
  }
  return sum;
}

/// What this thread has of the sums of `count` rows and of a warp's columns, row by row: every so
/// manieth access, from that of its place in the warp and of warp `part` on. The last row, and the
/// last column, stand for those beyond them; what is known to be there lies at a known distance
/// from the first, and takes no register for its address.
GPUContract::Values GPUContract::sumsOfThread(const Result &result, ContractOp::Product product,
                                              Place place, Value part, int64_t count) {
  int64_t access = accessOf(product), columns = columnsOfWarp(result);
  bool areWhole = result.columns % columns == 0 && result.step % columns == 0;
  auto columnAt = [&](int64_t j) {
    Value column = code.add(place.column, j);
    return areWhole ? column : code.min(column, code.index(result.columns - 1));
  };
  auto rowAt = [&](int64_t i) {
    Value row = code.add(place.row, i);
    return i < 2 ? row : code.min(row, code.add(gpu.extent, -1)); // one alone, or two at least
  };
  Value first = code.add(code.mul(part, warp), code.rem(gpu.thread, warp));
  Values zeros(count * columns, code.number(sum, 0));
  return code.loop(first, code.index(op.terms(product) / access), warp * warpsOf(product), zeros,
                   [&](Value at, ValueRange carried) {
                     Value term = code.mul(at, access);
                     auto numbers = [&](Region &body, Value line) {
                       return code.convert(operandAt(body, line, term, access), sum);
                     };
                     Values rights, next(carried);
                     for (int64_t j = 0; j < columns; ++j)
                       rights.push_back(numbers(op.right(product.right), columnAt(j)));
                     for (int64_t i = 0; i < count; ++i) {
                       Value left = numbers(op.left(product.left), rowAt(i));
                       for (int64_t j = 0; j < columns; ++j) {
                         Value &own = next[i * columns + j];
                         own = addProducts(code, own, left, rights[j]);
                       }
                     }
                     return next;
                   });
}

/// Sums over a warp's lanes of a power of two of numbers, of which each lane then has one, in
/// order: the first half of the lanes has the first half of the numbers.
Value GPUContract::acrossWarp(Values sums) {
  Value lane = code.rem(gpu.thread, warp);
  for (int64_t distance = warp / 2; distance > 0; distance /= 2) {
    size_t half = sums.size() / 2;
    Value isHigh = arith::CmpIOp::create(code, arith::CmpIPredicate::ne,
                                         code.rem(code.div(lane, distance), 2), code.index(0));
    for (size_t i = 0; i < half; ++i) {
      Value low = sums[i], high = sums[i + half];
      Value given = arith::SelectOp::create(code, isHigh, low, high);
      sums[i] = arith::SelectOp::create(code, isHigh, high, low);
      sums[i] = arith::AddFOp::create(code, sums[i], exchanged(code, given, distance));
    }
    if (half)
      sums.resize(half);
    else
      sums[0] = arith::AddFOp::create(code, sums[0], exchanged(code, sums[0], distance));
  }
  return sums[0];
}

/// Of a block, those that there are.
Value GPUContract::columnsHere(const Result &result, Place place) {
  return code.min(code.sub(code.index(result.columns), place.column), code.index(result.step));
}

/// The result's column that is a tile's column `cell`.
Value GPUContract::columnOf(const Result &result, Place place, Value cell) {
  if (!result.strip)
    return code.add(place.column, cell);
  int64_t strips = result.part / result.strip;
  Value number = code.div(place.column, result.step), window = code.div(number, strips);
  Value first =
      code.add(code.mul(window, result.window), code.mul(code.rem(number, strips), result.strip));
  return code.add(first, code.add(code.mul(code.div(cell, result.strip), result.part),
                                  code.rem(cell, result.strip)));
}

/// The body for the tile's strip of a window, of which the tile has each part.
void GPUContract::runStrips(const Result &result, Place place, ArrayRef<SharedTile> sums) {
  int64_t strips = result.part / result.strip, windows = result.columns / result.window;
  Value number = code.div(place.column, result.step), window = code.div(number, strips);
  Value low = code.mul(code.rem(number, strips), result.strip);
  Value rows = code.min(code.sub(gpu.extent, place.row), code.index(tileRows));
  runColumns(
      result, sums, rows,
      {result.strip, low, code.add(low, result.strip),
       [&](Value row) { return code.add(code.mul(code.add(place.row, row), windows), window); },
       [&](Value column) {
         Value part = code.div(column, result.part);
         Value own = code.sub(code.rem(column, result.part), low);
         return code.add(code.mul(part, result.strip), own);
       }});
}

/// Each warp's sums of `count` rows, a part's behind those of the part before.
void GPUContract::sumsOfWarps(const Result &result, Place place, ArrayRef<SharedTile> sums,
                              int64_t count) {
  int64_t columns = columnsOfWarp(result), numbers = count * columns;
  Value number = code.div(gpu.thread, warp), lane = code.rem(gpu.thread, warp);
  Value groups = code.div(code.add(columnsHere(result, place), columns - 1), columns);
  for (auto [product, to] : llvm::zip(result.products, sums)) {
    int64_t warps = warpsOf(product), lanes = warp / numbers;
    Value part = code.rem(number, warps);
    code.loop(code.div(number, warps), groups, gpu.shape.threads / warp / warps, [&](Value group) {
      Value column = code.mul(group, columns);
      Place own{place.row, columnOf(result, place, column)};
      Value made = acrossWarp(sumsOfThread(result, product, own, part, count));
      Value which = code.div(lane, lanes);
      Value isOne = arith::CmpIOp::create(code, arith::CmpIPredicate::eq, code.rem(lane, lanes),
                                          code.index(0));
      code.when(isOne, {}, [&] {
        Value row = code.add(code.mul(part, tileRows), code.div(which, columns));
        Value cell = code.add(column, code.rem(which, columns));
        code.store(made, code.address(to.base, sum, code.add(code.mul(row, to.pitch), cell)));
        return Values();
      });
    });
  }
}

/// The warps' sums in order, to where those of the first are.
void GPUContract::addWarps(const Result &result, Place place, SharedTile to, int64_t warps) {
  Value rows = code.min(code.sub(gpu.extent, place.row), code.index(tileRows));
  Value columns = columnsHere(result, place);
  code.loop(gpu.thread, code.mul(rows, result.step), gpu.shape.threads, [&](Value number) {
    Value row = code.div(number, result.step), cell = code.rem(number, result.step);
    code.when(isBelow(cell, columns), {}, [&] {
      auto at = [&](int64_t part) {
        Value line = code.add(row, part * tileRows);
        return code.address(to.base, sum, code.add(code.mul(line, to.pitch), cell));
      };
      Value total = code.load(sum, at(0));
      for (int64_t part = 1; part < warps; ++part)
        total = arith::AddFOp::create(code, total, code.load(sum, at(part)));
      code.store(total, at(0));
      return Values();
    });
  });
}

/// What becomes of a tile's sums when those of all warps are there.
void GPUContract::finishFewRows(const Result &result, Place place, ArrayRef<SharedTile> sums) {
  gpu.barrier();
  bool areParts = false;
  for (auto [product, to] : llvm::zip(result.products, sums))
    if (int64_t warps = warpsOf(product); warps > 1) {
      addWarps(result, place, to, warps);
      areParts = true;
    }
  if (areParts)
    gpu.barrier();
  result.strip ? runStrips(result, place, sums) : runResult(result, place, sums);
}

void GPUContract::lowerFewRows() {
  forTile([&](const Result &result, Place place) {
    int64_t top = gpu.sharedTop, pitch = result.tileColumns;
    SmallVector<SharedTile> sums;
    for (ContractOp::Product product : result.products)
      sums.push_back({gpu.allocate(sum, warpsOf(product) * tileRows * pitch), pitch, sum});
    Value isOne =
        arith::CmpIOp::create(code, arith::CmpIPredicate::eq, code.add(place.row, 1), gpu.extent);
    code.either(
        isOne, [&] { sumsOfWarps(result, place, sums, 1); },
        [&] { sumsOfWarps(result, place, sums, tileRows); });
    finishFewRows(result, place, sums);
    gpu.reuseFrom(top);
  });
}
