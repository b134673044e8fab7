//===- Model.h - a model on disk, whatever its format ---------------------===//
//
// What `load("…")` in a recipe opens.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/Weights.h"

namespace roux::model {

struct Model {
  ModelConfig config;
  Weights weights;
};

/// Opens a Hugging Face folder (config.json and safetensors) or a llama2.c file, told apart by
/// being a folder or not. Weights and config have been checked against each other. Throws
/// ModelError.
Model openModel(const std::filesystem::path &path);

} // namespace roux::model
