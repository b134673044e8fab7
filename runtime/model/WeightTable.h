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

/// How a family's files call a weight. `{layer}` stands for the layer's number; a `*` at the end
/// for `weight`, and for `bias` where the model has one.
struct WeightName {
  Role role;
  std::string_view name;
};

struct WeightRow {
  /// Of an adapter, which of its two matrices.
  enum class Part : uint8_t { Whole, Down, Up };

  Role role;
  std::string name;           ///< the file's name, `{layer}` standing for the layer's number
  std::vector<int64_t> shape; ///< of one layer's tensor
  bool perLayer = false;
  int64_t firstLayer = 0; ///< of those that it is one tensor of
  int64_t layers = 1;     ///< how many; 1 where it is no layer's
  Part part = Part::Whole;
  bool isFrozen = false; ///< by the config's tuning
};

/// The weights of `config`, in the order of its family's names.
std::vector<WeightRow> weightTable(const ModelConfig &config);

/// The bias that belongs to a matrix or to the gain of a norm.
std::optional<Role> biasOf(Role role);

/// `name` with its `{layer}`, or the `{first..last}` of parameterTable(), replaced.
std::string nameInLayer(const std::string &name, int64_t layer);

} // namespace roux::model
