//===- GPUAttentionForward.h - attention on a GPU, on its way to threads ---===//
//
// What the ways to multiply have in common; only their files include it. An item owns
// queries of a segment and a head, a block of them at a time; the keys that they see
// stream past, and each thread keeps what it knows of its rows.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/gpu/GPUAttention.h"

namespace roux {

class GPUForward {
public:
  using Value = mlir::Value;
  GPUForward(kernel::AttentionOp op, GPUFunction &gpu);
  void lower();

private:
  /// What a thread knows of the rows it shares.
  struct State {
    BlockTile::Sums largest, sums; ///< of each of its rows; of the weights, its own columns'
    BlockTile::Sums gathered;
    LoopBuilder::Values all() const;
  };
  State startState();
  State stateOf(mlir::ValueRange all);
  std::pair<Value, Value> keysSeen(Value count, Value position);
  void fillQueries(Value first, Value count);
  void fillBlock(Value buffer, Value first, Value end, SharedTile to);
  SharedTile stageOf(SharedTile tile, Value stage);
  /// A block of keys, and where the queries are that meet it.
  struct Block {
    Value first, end; ///< rows: of its first key, behind the last one that any query sees
    Value position;   ///< of the first query
  };
  void hide(BlockTile::Sums &scores, const Block &keys);
  BlockTile::Sums weigh(State &state, BlockTile::Sums &products, const Block &keys);
  void shrink(State &state, const BlockTile::Sums &shrinks);
  void finish(State state, Value first, Value count);

  // By mma.sync or multiply-adds.
  void queries(Value first, Value count, Value position);
  State addKeys(State state, const Block &keys, Value stage);
  void fill(Value first, Value end, Value stage);

  // By wgmma (GPUAttentionWarpgroups.cpp).
  void planWarpgroups();
  void queriesByWarpgroups(Value first, Value count, Value position);
  void arrive(const Block &keys, Value turn);
  BlockTile::Sums firstWeights(State &state, const Block &keys);
  void addValues(State &state, BlockTile::Sums weights, Value turn);
  BlockTile::Sums nextWeights(State &state, const BlockTile::Sums &weights, const Block &keys,
                              Value turn);

  kernel::AttentionOp op;
  GPUFunction &gpu;
  LoopBuilder &code;
  mlir::FloatType number;
  int64_t columns, padded; ///< of a head
  int64_t block, stages;   ///< queries, and keys; blocks of keys in shared memory
  int64_t stageNumbers;    ///< of a block of keys, or values
  bool byWarpgroups = false;
  GPUScores scores;
  GPUAttentionItem item;
  SharedTile query, key, value, weights;
  std::optional<BlockTile> products, gathers;
};

} // namespace roux
