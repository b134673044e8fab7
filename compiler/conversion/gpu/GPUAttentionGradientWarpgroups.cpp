//===- GPUAttentionGradientWarpgroups.cpp - attention's gradients, by wgmma ===//
//
// Two warpgroups have 64 keys each. Weights and slopes are operands in registers for what
// the values and keys get; slopes are in shared memory too, from where they are the left
// operand of what the queries get. Products begin as soon as their operands are there,
// and what other threads compute runs beside them.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/gpu/GPUAttentionGradient.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace roux;

/// What two warpgroups have registers for: sums of heads, and no scores beside their weights.
std::string roux::whyNotByWarpgroups(kernel::AttentionGradientOp op) {
  constexpr int64_t cells = BlockTile::swizzledCells;
  int64_t columns = op.headColumns();
  auto number = multipliedIn({op.getQuery(), op.getKey(), op.getValue(), op.getOutputGradient()});
  if (!number.isBF16() || !numbersOf(op.getLogsumexp()).isF32() ||
      !numbersOf(op.getDelta()).isF32())
    return "its numbers are not bf16 beside f32";
  if (op.getSoftcap())
    return "a softcap needs the scores beside the weights";
  if (columns > cells && columns != 2 * cells)
    return llvm::formatv("heads have {0} columns, not {1} or at most {2}", columns, 2 * cells,
                         cells);
  return {};
}

/// What the queries get has as many numbers a thread either way: of 128 queries by 64 columns, or
/// of 64 by 128.
void GPUGradient::planWarpgroups() {
  byWarpgroups = true;
  padded = llvm::alignTo(columns, BlockTile::swizzledCells);
  keyBlock = BlockTile::warpgroupRows(gpu);
  queryBlock = padded == BlockTile::swizzledCells ? keyBlock : keyBlock / 2;
  stageNumbers = queryBlock * padded;
  auto allocate = [&](int64_t tiles, int64_t rows, int64_t cells) {
    Value base = gpu.allocate(number, tiles * rows * cells, BlockTile::swizzledAlignment);
    return SharedTile{base, rows, number, /*termsFirst=*/false, /*isSwizzled=*/true};
  };
  key = allocate(1, keyBlock, padded), value = allocate(1, keyBlock, padded);
  query = allocate(stages, queryBlock, padded), output = allocate(stages, queryBlock, padded);
  slopeTile = allocate(1, keyBlock, queryBlock);
  FloatType kept = code.getF32Type();
  statisticTile = {gpu.allocate(kept, stages * 2 * queryBlock), 1, kept};
  makeTiles();
}

void GPUGradient::makeTiles() {
  products.emplace(BlockTile::ofWarpgroups(gpu, keyBlock, queryBlock));
  gathers.emplace(BlockTile::ofWarpgroups(gpu, keyBlock, padded));
  gives.emplace(BlockTile::ofWarpgroups(gpu, queryBlock, padded));
}

/// What `body` does with tiles takes its place in them from the thread's number then: sums leave no
/// registers for what is the same in every turn.
void GPUGradient::tilesHere(function_ref<void()> body) {
  std::optional<BlockTile> *tiles[] = {&products, &gathers, &gives};
  SmallVector<BlockTile> before;
  for (std::optional<BlockTile> *tile : tiles)
    before.push_back(**tile);
  gpu.withThreadHere([&] {
    makeTiles();
    body();
  });
  for (auto [tile, old] : llvm::zip(tiles, before))
    tile->emplace(old);
}

/// Both numbers of each query; of one that there is not, zeros, with which it gives nothing.
void GPUGradient::fillStatistics(Value head, Value first, Value end, Value stage) {
  for (auto [which, buffer] : llvm::enumerate(std::array{op.getLogsumexp(), op.getDelta()})) {
    SharedTile to = statisticTile;
    Value from = code.add(code.mul(stage, 2 * queryBlock), which * queryBlock);
    to.base = code.address(to.base, to.element, from);
    auto exists = [&](Value line, Value) { return isBelow(code.add(first, line), end); };
    auto address = [&](Value line, Value) {
      Value at = code.add(code.mul(code.add(first, line), (int64_t)op.getHeads()), head);
      return code.address(gpu.known.lookup(buffer), to.element, at);
    };
    TileFill fill{to, queryBlock, 1, 1, exists, {}};
    fill.address = address;
    fillTile(gpu, fill);
  }
}

BlockTile::Sums GPUGradient::statisticsOf(int64_t which, Value stage) {
  const BlockTile &tile = *products;
  FloatType type = statisticTile.element;
  Value from = code.add(code.mul(stage, 2 * queryBlock), which * queryBlock);
  Value first = code.address(statisticTile.base, type, code.add(from, tile.column()));
  BlockTile::Sums numbers;
  for (int64_t j = 0; j < tile.columnsEach(); j += 2) {
    Value place = code.address(first, type, code.index(tile.columnDistance(j)));
    Value pair = code.load(VectorType::get(2, type), place);
    for (int64_t n : {0, 1})
      numbers.push_back(vector::ExtractOp::create(code, pair, ArrayRef<int64_t>{n}));
  }
  return numbers;
}

LoopBuilder::Values GPUGradient::addByWarpgroups(const Queries &at, const Keys &keys,
                                                 ValueRange carried) {
  using Sums = BlockTile::Sums;
  size_t half = carried.size() / 2;
  int64_t terms = llvm::alignTo(columns, 16);
  SharedTile queries = stageOf(query, at.stage), outputs = stageOf(output, at.stage);
  auto multiply = [](const BlockTile &tile, SharedTile left, SharedTile right, int64_t terms) {
    tile.beginProducts();
    Sums sums = tile.multiplied({}, left, right, terms);
    tile.commitProducts();
    return sums;
  };
  auto addTo = [&](ValueRange sums, Sums &weights, SharedTile right) {
    weights = gathers->beginProducts(weights);
    Sums more = gathers->multipliedBy(weights, Sums(sums), right, queryBlock);
    gathers->commitProducts();
    return more;
  };
  Sums scored = multiply(*products, key, queries, terms);
  Sums slopes = multiply(*products, value, outputs, terms);
  scored = products->waitForProducts(1, scored);
  // Rounded, as the values get them: there are no registers for both, so nothing is made of them
  // before the slopes are there.
  Sums weights = products->asOperand(weigh(scored, at, keys));
  Sums values = addTo(carried.drop_front(half), weights, byTerms(outputs));
  slopes.append(weights);
  slopes = products->waitForProducts(1, slopes);
  weights = Sums(ArrayRef(slopes).drop_front(scored.size()));
  slopes.truncate(scored.size());
  slope(slopes, products->ofOperand(weights), scored, at);
  products->store(slopes, slopeTile);
  Sums operand = products->asOperand(slopes), both;
  products->sharedIsSeen();
  gpu.barrier();
  tilesHere([&] {
    give(at, [&] {
      Sums given = multiply(*gives, byTerms(slopeTile), byTerms(key), keyBlock);
      both = addTo(carried.take_front(half), operand, byTerms(queries));
      return gives->waitForProducts(1, given);
    });
  });
  both.append(values);
  return gathers->finish(both);
}
