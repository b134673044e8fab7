//===- Llama2cWriter.h - writing llama2.c checkpoints ---------------------===//
//
// The .bin files that llama2.c's run.c and its many ports open.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/Model.h"

namespace roux::model {

/// Writes `model` as a checkpoint of the original version, whole or not at all. Throws ModelError
/// naming what such a file has no place for (biases, head norms, a window, stretched rotary
/// positions, …), FileError where it cannot be written.
void writeLlama2c(const std::filesystem::path &file, const Model &model);

} // namespace roux::model
