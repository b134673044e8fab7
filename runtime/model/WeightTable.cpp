//===- WeightTable.cpp - names of a family, shapes of a config ------------===//
//
// A family says what its weights are called; their shapes follow from what they
// are for. llama2.c's tensors are given llama's names when they are read.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/WeightTable.h"

#include "runtime/model/Family.h"

#include <algorithm>
#include <cassert>

namespace roux::model {

using Shape = std::vector<int64_t>;

std::optional<Role> biasOf(Role role) {
  switch (role) {
  case Role::AttentionNorm:
    return Role::AttentionNormBias;
  case Role::Query:
    return Role::QueryBias;
  case Role::Key:
    return Role::KeyBias;
  case Role::Value:
    return Role::ValueBias;
  case Role::QueryKeyValue:
    return Role::QueryKeyValueBias;
  case Role::Output:
    return Role::OutputBias;
  case Role::FeedForwardNorm:
    return Role::FeedForwardNormBias;
  case Role::Gate:
    return Role::GateBias;
  case Role::Up:
    return Role::UpBias;
  case Role::Down:
    return Role::DownBias;
  case Role::FinalNorm:
    return Role::FinalNormBias;
  case Role::Vocabulary:
    return Role::VocabularyBias;
  default:
    return std::nullopt;
  }
}

static bool hasBias(const ModelConfig &c, Role role) {
  switch (role) {
  case Role::Query:
  case Role::Key:
  case Role::Value:
  case Role::QueryKeyValue:
    return c.queryKeyValueBias;
  case Role::Output:
    return c.outputBias;
  case Role::Gate:
  case Role::Up:
  case Role::Down:
    return c.feedForwardBias;
  case Role::AttentionNorm:
  case Role::FeedForwardNorm:
  case Role::FinalNorm:
    return c.norm == Blocks::Norm::Layer && c.normBias;
  case Role::Vocabulary:
    return c.vocabularyBias;
  default:
    return false;
  }
}

static bool hasWeight(const ModelConfig &c, Role role) {
  switch (role) {
  case Role::Vocabulary:
    return !c.tied;
  case Role::QueryNorm:
  case Role::KeyNorm:
    return c.headNorms != Blocks::HeadNorms::None;
  case Role::FeedForwardNorm:
    return !(c.parallel && c.oneNorm);
  case Role::FinalNorm:
    return c.finalNorm;
  case Role::EmbeddingIn:
  case Role::EmbeddingOut:
    return c.tableChannels() != c.channels;
  default:
    return true;
  }
}

static Shape normShape(const ModelConfig &c, Role role) {
  bool each = c.headNorms == Blocks::HeadNorms::Each;
  switch (role) {
  case Role::QueryNorm:
    return {each ? c.headChannels : c.queryChannels()};
  case Role::KeyNorm:
    return {each ? c.headChannels : c.keyValueChannels()};
  default:
    return {c.channels};
  }
}

/// Of a matrix as (outputs, inputs); of a norm its channels.
static Shape shapeOf(const ModelConfig &c, Role role) {
  const int64_t query = c.queryChannels(), keyValue = c.keyValueChannels();
  switch (role) {
  case Role::Embedding:
  case Role::Vocabulary:
    return {c.vocabulary, c.tableChannels()};
  case Role::EmbeddingIn:
    return {c.channels, c.tableChannels()};
  case Role::EmbeddingOut:
    return {c.tableChannels(), c.channels};
  case Role::PositionTable:
    return {c.context + c.positionOffset, c.channels};
  case Role::Query:
    return {query, c.channels};
  case Role::Key:
  case Role::Value:
    return {keyValue, c.channels};
  case Role::QueryKeyValue:
    return {query + 2 * keyValue, c.channels};
  case Role::Output:
    return {c.channels, query};
  case Role::Gate:
  case Role::Up:
    return {c.feedForward, c.channels};
  case Role::GateUp:
    return {2 * c.feedForward, c.channels};
  case Role::Down:
    return {c.channels, c.feedForward};
  default:
    return normShape(c, role);
  }
}

std::vector<WeightRow> weightTable(const ModelConfig &config) {
  std::vector<WeightRow> rows;
  for (const WeightName &weight : familyOf(config).weights) {
    std::string name(weight.name);
    bool perLayer = name.find("{layer}") != name.npos, isPair = name.ends_with('*');
    if (isPair)
      name.pop_back();
    Shape shape = shapeOf(config, weight.role);
    int64_t outputs = shape.front();
    if (config.transposed && perLayer)
      std::ranges::reverse(shape);
    int64_t layers = perLayer ? config.layers : 1;
    if (hasWeight(config, weight.role))
      rows.push_back({weight.role, isPair ? name + "weight" : name, shape, perLayer, 0, layers});
    bool exists = hasWeight(config, weight.role) || weight.role == Role::Vocabulary;
    if (isPair && exists && hasBias(config, weight.role))
      rows.push_back({*biasOf(weight.role), name + "bias", {outputs}, perLayer, 0, layers});
  }
  return rows;
}

std::string nameInLayer(const std::string &name, int64_t layer) {
  size_t begin = name.find('{'), end = name.find('}');
  return begin == std::string::npos
             ? name
             : std::string(name).replace(begin, end + 1 - begin, std::to_string(layer));
}

} // namespace roux::model
