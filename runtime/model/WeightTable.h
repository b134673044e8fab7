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

#include <string>
#include <vector>

namespace roux::model {

/// What the graph uses a weight for. The order is the order of a model's rows.
enum class Role : uint8_t {
  Embedding,
  PositionTable,
  AttentionNorm,
  AttentionNormBias,
  Query,
  QueryBias,
  Key,
  KeyBias,
  Value,
  ValueBias,
  QueryKeyValue, ///< GPT-2: the three side by side
  QueryKeyValueBias,
  QueryNorm,
  KeyNorm,
  Output,
  OutputBias,
  FeedForwardNorm,
  FeedForwardNormBias,
  Gate,
  GateBias,
  Up,
  UpBias,
  Down,
  DownBias,
  FinalNorm,
  FinalNormBias,
  Vocabulary, ///< absent where tied
};

struct WeightRow {
  Role role;
  std::string name;           ///< Hugging Face's name, `{layer}` standing for the layer's number
  std::vector<int64_t> shape; ///< of one layer's tensor
  bool perLayer = false;
};

/// The weights of `config`, in the order of Role.
std::vector<WeightRow> weightTable(const ModelConfig &config);

/// `name` with its `{layer}` replaced.
std::string nameInLayer(const std::string &name, int64_t layer);

} // namespace roux::model
