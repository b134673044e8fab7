//===- Tuning.h - which of a model's weights a train changes --------------===//
//
// A file says nothing of it. It goes with the config because every stage that asks
// for the weights has to know which of them have a gradient and moments.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace roux::model {

/// What the graph uses a weight for.
enum class Role : uint8_t {
  Embedding,
  EmbeddingIn, ///< from the embedding's channels to the stream's (OPT)
  PositionTable,
  AttentionNorm, ///< before attention, or after it has been added
  AttentionNormBias,
  Query,
  QueryBias,
  Key,
  KeyBias,
  Value,
  ValueBias,
  QueryKeyValue, ///< the three side by side
  QueryKeyValueBias,
  QueryNorm,
  KeyNorm,
  Output,
  OutputBias,
  AttentionOutNorm, ///< of what attention adds
  FeedForwardNorm,  ///< before the feed-forward, or after it has been added
  FeedForwardNormBias,
  Gate,
  GateBias,
  Up,
  UpBias,
  GateUp, ///< the two side by side
  Down,
  DownBias,
  FeedForwardOutNorm, ///< of what the feed-forward adds
  FinalNorm,
  FinalNormBias,
  EmbeddingOut, ///< from the stream's channels to the vocabulary's
  Vocabulary,   ///< absent where tied
  VocabularyBias,
};

/// A low-rank addition to matrices of the layers (Hu et al., 2106.09685): a product x W becomes
/// x W + scale() (x A) B, with `rank` channels between A and B.
struct Adapter {
  int64_t rank = 0;
  double alpha = 0;
  bool isRankStabilized = false; ///< Kalajdzievski, 2312.03732
  double dropout = 0;            ///< share of A's inputs that a step leaves out
  std::vector<Role> on;          ///< the matrices it is added to

  /// alpha / rank, or alpha / sqrt(rank).
  double scale() const;
};

struct Tuning {
  std::vector<Role> frozen; ///< weights that stay as they are
  /// First and last of layers that stay as they are; rising, without overlap.
  std::vector<std::pair<int64_t, int64_t>> frozenLayers;
  std::optional<Adapter> adapter; ///< trained instead of all the model's weights
};

} // namespace roux::model
