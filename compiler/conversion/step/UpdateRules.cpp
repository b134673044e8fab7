//===- UpdateRules.cpp - roles to groups, groups to rules -----------------===//
//
// A matrix has outputs and inputs, however a file stores it: by them Muon's update is
// scaled.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/step/UpdateRules.h"

#include "runtime/model/ParameterTable.h"

#include <algorithm>
#include <cmath>

namespace roux::step {

using model::Role;

WeightGroup groupOf(const model::WeightRow &row) {
  using Part = model::WeightRow::Part;
  if (row.part != Part::Whole)
    return row.part == Part::Down ? WeightGroup::AdapterDown : WeightGroup::AdapterUp;
  switch (row.role) {
  case Role::Embedding:
  case Role::EmbeddingIn:
  case Role::PositionTable:
    return WeightGroup::Embeddings;
  case Role::EmbeddingOut:
  case Role::Vocabulary:
    return WeightGroup::Head;
  case Role::AttentionNorm:
  case Role::AttentionNormBias:
  case Role::QueryNorm:
  case Role::KeyNorm:
  case Role::AttentionOutNorm:
  case Role::FeedForwardNorm:
  case Role::FeedForwardNormBias:
  case Role::FeedForwardOutNorm:
  case Role::FinalNorm:
  case Role::FinalNormBias:
    return WeightGroup::Norms;
  case Role::Query:
  case Role::Key:
  case Role::Value:
  case Role::QueryKeyValue:
  case Role::Output:
    return WeightGroup::Attention;
  case Role::Gate:
  case Role::Up:
  case Role::GateUp:
  case Role::Down:
    return WeightGroup::FeedForward;
  default:
    return WeightGroup::Biases;
  }
}

static constexpr std::pair<std::string_view, WeightGroup> words[] = {
    {"embeddings", WeightGroup::Embeddings},
    {"head", WeightGroup::Head},
    {"norms", WeightGroup::Norms},
    {"biases", WeightGroup::Biases},
    {"attention", WeightGroup::Attention},
    {"feed_forward", WeightGroup::FeedForward},
    {"adapter_down", WeightGroup::AdapterDown},
    {"adapter_up", WeightGroup::AdapterUp},
};

std::optional<WeightGroup> groupNamed(std::string_view word) {
  const auto *found =
      std::ranges::find(words, word, &std::pair<std::string_view, WeightGroup>::first);
  return found == std::end(words) ? std::nullopt : std::optional(found->second);
}

bool changesSome(const model::ModelConfig &config, WeightGroup group) {
  return std::ranges::any_of(model::parameterTable(config), [&](const model::WeightRow &row) {
    return !row.isFrozen && groupOf(row) == group;
  });
}

/// Of an orthogonal matrix: so that an update changes what the matrix makes by as much whatever its
/// shape (Jordan), or so that its elements are as large as AdamW's (Liu et al., 2502.16982).
static double lengthOf(const MuonSettings &muon, const model::ModelConfig &config,
                       const model::WeightRow &row) {
  auto outputs = static_cast<double>(row.shape[0]), inputs = static_cast<double>(row.shape[1]);
  if (config.transposed && row.part == model::WeightRow::Part::Whole)
    std::swap(outputs, inputs);
  constexpr double usual = 0.2; // the root mean square of AdamW's updates
  return muon.matchesAdamW ? usual * std::sqrt(std::max(outputs, inputs))
                           : std::sqrt(std::max(1.0, outputs / inputs));
}

UpdateRule ruleOf(const UpdateSettings &settings, const model::ModelConfig &config,
                  const model::WeightRow &row) {
  UpdateRule rule;
  rule.isMuon = settings.muon && row.perLayer && row.shape.size() == 2;
  if (rule.isMuon) {
    rule.decay = settings.muon->decay;
    rule.length = lengthOf(*settings.muon, config, row);
  } else {
    bool decays = row.shape.size() > 1 || settings.decaysVectors;
    rule.decay = decays ? settings.decay : 0;
    rule.share = settings.muon ? settings.muon->restShare : 1;
  }
  for (const GroupSettings &own : settings.groups)
    if (own.group == groupOf(row)) {
      rule.share = own.share.value_or(rule.share);
      rule.decay = own.decay.value_or(rule.decay);
    }
  return rule;
}

} // namespace roux::step
