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

/// Opens a Hugging Face folder (config.json and safetensors), a PEFT folder, whose adapter is
/// merged into its base, a GGUF file, which its first word tells, or a llama2.c file. Weights and
/// config have been checked against each other. Throws ModelError.
Model openModel(const std::filesystem::path &path);

} // namespace roux::model
