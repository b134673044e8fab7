//===- UpdateRules.h - which update each weight gets ----------------------===//
//
// An optimizer is a table with a row for each weight: by which rule it is updated, at
// which share of the rate, with which decay. A recipe says the rows by what weights
// are for; this is where those words meet the weights of a model.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/WeightTable.h"

#include <optional>
#include <string_view>
#include <vector>

namespace roux::step {

/// Each weight is in one of these.
enum class WeightGroup : uint8_t {
  Embeddings,
  Head,
  Norms, ///< gains and biases
  Biases,
  Attention, ///< matrices
  FeedForward,
  AdapterDown, ///< A of a low-rank adapter
  AdapterUp,   ///< B
};
WeightGroup groupOf(const model::WeightRow &row);
/// The group of that name in `group(…)`; none where there is no such word.
std::optional<WeightGroup> groupNamed(std::string_view word);
/// True if a train of `config` changes some weight of `group`.
bool changesSome(const model::ModelConfig &config, WeightGroup group);

/// What a group has of its own.
struct GroupSettings {
  WeightGroup group;
  std::optional<double> share; ///< of the optimizer's rate
  std::optional<double> decay;
};

/// Muon for the matrices of the layers; all else is AdamW's.
struct MuonSettings {
  double momentum = 0.95;
  bool isNesterov = true;
  double decay = 0;
  bool matchesAdamW = false; ///< an update is as long as AdamW's would be
  double restShare = 1;      ///< AdamW's share of the rate
};

/// What `optimizer:` and `clip:` say.
struct UpdateSettings {
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double decay = 0;
  std::optional<double> clip = {}; ///< limit of the norm of all gradients
  bool decaysVectors = false;      ///< norms and biases decay as matrices and tables do
  bool halfMoments = false;        ///< moments are kept in bf16
  std::optional<MuonSettings> muon = {};
  std::vector<GroupSettings> groups = {};
};

/// A weight's row of that table.
struct UpdateRule {
  bool isMuon = false;
  double share = 1; ///< of the rate
  double decay = 0;
  double length = 1; ///< of Muon: what the orthogonal matrix is multiplied with
};
UpdateRule ruleOf(const UpdateSettings &settings, const model::ModelConfig &config,
                  const model::WeightRow &row);

} // namespace roux::step
