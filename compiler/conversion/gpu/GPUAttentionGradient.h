//===- GPUAttentionGradient.h - attention's gradients, on the way to threads ===//
//
// What the ways to multiply have in common; only their files include it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/gpu/GPUAttention.h"

namespace roux {

class GPUGradient {
public:
  using Value = mlir::Value;
  GPUGradient(kernel::AttentionGradientOp op, GPUFunction &gpu);
  void lower();

private:
  /// A block of keys: its first row, and rows.
  struct Keys {
    Value first, count;
  };
  /// A block of queries of a head: its first row, the end of those that there are, and where in
  /// shared memory they are.
  struct Queries {
    Value head, first, end, stage;
  };
  int64_t neededBytes(int64_t keys, int64_t queries);
  void clearPartials();
  void keys(Value first, Value count);
  LoopBuilder::Values queryHead(Value head, const Keys &keys, mlir::ValueRange carried);
  LoopBuilder::Values addQueries(const Queries &at, const Keys &keys, mlir::ValueRange carried);
  BlockTile::Sums statistics(Value buffer, const Queries &at);
  void hide(BlockTile::Sums &weights, const Queries &at, const Keys &keys);
  BlockTile::Sums weigh(BlockTile::Sums &products, const Queries &at, const Keys &keys);
  void slope(BlockTile::Sums &slopes, BlockTile::Sums weights, BlockTile::Sums scored,
             const Queries &at);
  void give(const Queries &at, llvm::function_ref<BlockTile::Sums()> made);
  void fill(Value head, Value first, Value end, Value stage);
  SharedTile kept(const BlockTile::Sums &sums);
  void pass(SharedTile sums, mlir::Region &region, double scale, Value first, Value count);
  void passAll(mlir::ValueRange sums, Value first, Value count);
  SharedTile stageOf(SharedTile tile, Value stage) {
    tile.base = code.address(tile.base, tile.element, code.mul(stage, stageNumbers));
    return tile;
  }
  static SharedTile byTerms(SharedTile tile) {
    tile.termsFirst = true;
    return tile;
  }
  Value isBelow(Value a, Value b);

  // By wgmma (GPUAttentionGradientWarpgroups.cpp).
  void planWarpgroups();
  void makeTiles();
  void tilesHere(llvm::function_ref<void()> body);
  void fillStatistics(Value head, Value first, Value end, Value stage);
  BlockTile::Sums statisticsOf(int64_t which, Value stage);
  LoopBuilder::Values addByWarpgroups(const Queries &at, const Keys &keys,
                                      mlir::ValueRange carried);

  kernel::AttentionGradientOp op;
  GPUFunction &gpu;
  LoopBuilder &code;
  mlir::FloatType number;
  int64_t columns, padded; ///< of a head
  int64_t keyBlock, queryBlock;
  int64_t stages = 2;   ///< blocks of queries in shared memory, one of them in use
  int64_t stageNumbers; ///< of one of them
  bool byWarpgroups = false;
  GPUScores scores;
  int64_t top; ///< of shared memory, under what passes through bodies
  GPUAttentionItem item;
  Value shift; ///< from a query's row to its row of partial sums
  SharedTile key, value, query, output;
  SharedTile weightTile, slopeTile;  ///< a row a key, a column a query
  SharedTile statisticTile;          ///< of each stage: logarithms of sums, deltas
  std::optional<BlockTile> products; ///< keys by queries
  std::optional<BlockTile> gathers;  ///< keys by columns
  std::optional<BlockTile> gives;    ///< queries by columns
};

} // namespace roux
