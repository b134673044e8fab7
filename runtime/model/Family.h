//===- Family.h - a family of models as a table ---------------------------===//
//
// What a `model_type` stands for: the blocks that no key says, the keys of its
// config.json, and the names of its weights. One file of families/ holds the tables
// of one kin, to be read beside the paper.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/WeightTable.h"

#include <optional>
#include <span>
#include <variant>

namespace roux::model {

class ConfigObject;
class ObjectText;

/// A key of config.json and the property it says. A key that says several has a row for each.
struct ConfigKey {
  using Config = ModelConfig;
  using Member =
      std::variant<int64_t Config::*, double Config::*, bool Config::*, Activation Config::*>;

  std::string_view name;
  Member member;
  /// What transformers assumes where a file leaves the key out; none: it must be there.
  std::optional<double> otherwise = std::nullopt;
  /// What a null says, if that is something else than leaving the key out.
  std::optional<double> ifNull = std::nullopt;
};

/// Stands for "what follows from the other sizes" in ConfigKey::otherwise.
constexpr double derived = -1;

/// A key with a value that changes nothing; every other changes the result and is not followed.
struct OnlyKey {
  std::string_view name;
  std::string_view value; ///< as JSON; "" for none but null
};

/// Where a family keeps its rotary positions. An empty name: it has no such key.
struct RotaryKeys {
  std::string_view base = "rope_theta";
  double baseOtherwise = 10000;
  std::string_view share = "";
  double shareOtherwise = 1;
  std::string_view localBase = "";
  double localBaseOtherwise = 0; ///< 0: no layer has positions of its own
  Rotary::Style style = Rotary::Style::Half;
};

struct Family {
  std::string_view type;         ///< `model_type`
  std::string_view architecture; ///< transformers' class
  Blocks blocks = {};
  std::vector<ConfigKey> keys = {}; ///< beside vocab_size and tie_word_embeddings
  std::vector<OnlyKey> only = {};
  std::vector<std::string_view> harmless = {}; ///< keys of this family that decide nothing here
  bool tiedOtherwise = false;
  RotaryKeys rotary = {};
  /// Reads and writes what no row of keys can say: what differs from layer to layer.
  void (*read)(const ConfigObject &from, ModelConfig &config) = nullptr;
  void (*write)(const ModelConfig &config, ObjectText &out) = nullptr;
  std::vector<WeightName> weights = {};
};

/// All families, by name.
std::span<const Family *const> everyFamily();
/// Null if there is none of that `type`.
const Family *findFamily(std::string_view type);
const Family &familyOf(const ModelConfig &config);

/// The first thing that two models of equal shapes compute differently, apart from positions,
/// windows and epsilon, as "scores capped at 50 and 0"; empty: nothing.
std::string differenceOfBlocks(const ModelConfig &a, const ModelConfig &b);

} // namespace roux::model
