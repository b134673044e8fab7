//===- ParameterTable.h - which weights a program has ---------------------===//
//
// The weights of a model's files as a train sees them: layers that are frozen are
// tensors of their own, so that they need neither gradients nor moments beside
// those of trained layers, and adapters are weights like others.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/WeightTable.h"

namespace roux::model {

/// Neighbouring layers of a model that are all frozen or all trained.
struct LayerRange {
  int64_t first = 0, count = 0;
  bool isFrozen = false;
};

/// All layers of `config`, in order: one range, unless its tuning freezes some.
std::vector<LayerRange> layerRanges(const ModelConfig &config);

/// The rows of weightTable(), those of a layer once for each of layerRanges(), with
/// `{first..last}` instead of `{layer}` where there are several; then the adapter's, of each matrix
/// A, `rank` by inputs, called `….lora_A.weight`, and B, outputs by `rank`.
std::vector<WeightRow> parameterTable(const ModelConfig &config);

/// Those of one range, as one layer's function reads them.
std::vector<WeightRow> layerParameters(const ModelConfig &config, int64_t firstLayer = 0);

/// The name of an adapter's matrix beside the weight `name`.
std::string adapterName(const std::string &name, WeightRow::Part part);

} // namespace roux::model
