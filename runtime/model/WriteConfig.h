//===- WriteConfig.h - the shape of a model as config.json ----------------===//
//
// The inverse of parseConfig, so a model that was trained here opens in
// transformers and here again with the same shape.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/Weights.h"

#include <string>

namespace roux::model {

/// config.json of a model whose weights are stored as `type`. The rotary style must be that
/// of the family's files (withRotaryStyle() changes it).
std::string configText(const ModelConfig &config, DataType type);

/// generation_config.json: where answers begin and end, and how the base's were drawn.
std::string generationConfigText(const ModelConfig &config);

} // namespace roux::model
