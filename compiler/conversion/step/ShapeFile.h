//===- ShapeFile.h - a model's shape for a pass ---------------------------===//
//
// Reading a file throws, and passes are built without exceptions.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/ModelConfig.h"

#include <optional>

namespace roux::step {

/// The shape that the config.json `path` has; none, with the reason in `why`, where it has none.
std::optional<model::ModelConfig> shapeOfFile(const std::string &path, std::string &why);

} // namespace roux::step
