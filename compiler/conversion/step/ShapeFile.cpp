//===- ShapeFile.cpp - a model's shape for a pass -------------------------===//
//
// The one place of this folder where an exception may be caught.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/step/ShapeFile.h"

namespace roux::step {

std::optional<model::ModelConfig> shapeOfFile(const std::string &path, std::string &why) {
  try {
    return model::readConfig(path);
  } catch (const std::exception &error) {
    why = error.what();
    return std::nullopt;
  }
}

} // namespace roux::step
