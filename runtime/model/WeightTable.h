//===- WeightTable.h - which weights a model has --------------------------===//
//
// The one list of a model's weights: what a file must hold, what the compiler
// takes as parameters, what an optimizer keeps moments for. A weight that every
// layer has is one row with `{layer}` in its name, and one tensor with the
// layers as its outermost dimension further down, so nothing grows with depth.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/ModelConfig.h"

#include <optional>
#include <string>
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

/// How a family's files call a weight. `{layer}` stands for the layer's number; a `*` at the end
/// for `weight`, and for `bias` where the model has one.
struct WeightName {
  Role role;
  std::string_view name;
};

struct WeightRow {
  Role role;
  std::string name;           ///< the file's name, `{layer}` standing for the layer's number
  std::vector<int64_t> shape; ///< of one layer's tensor
  bool perLayer = false;
};

/// The weights of `config`, in the order of its family's names.
std::vector<WeightRow> weightTable(const ModelConfig &config);

/// The bias that belongs to a matrix or to the gain of a norm.
std::optional<Role> biasOf(Role role);

/// `name` with its `{layer}` replaced.
std::string nameInLayer(const std::string &name, int64_t layer);

} // namespace roux::model
