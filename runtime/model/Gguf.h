//===- Gguf.h - reading GGUF files ----------------------------------------===//
//
// The files of llama.cpp and its kin: typed keys, then tensors, in one file. Keys
// become the config.json that they were made of, so families, checks and refusals
// are those of any other model. What the file says of a tokenizer is not read.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/Weights.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roux::model {

/// A tensor as the header says it: where, and in which type.
struct GgufTensor {
  std::string name;
  uint32_t type = 0;          ///< ggml's number: 0 f32, 1 f16, 8 q8_0, 30 bf16
  std::vector<int64_t> shape; ///< as in other formats: rows first
  uint64_t begin = 0;         ///< in the file
  uint64_t bytes = 0;
};

struct GgufFile {
  std::string architecture;        ///< `general.architecture`
  std::string config;              ///< the config.json of such a model
  std::vector<GgufTensor> tensors; ///< each inside the file
};

bool isGguf(std::span<const std::byte> bytes);

/// Reads the header of a file whose bytes are `bytes`; `file` is only named in messages. Throws
/// ModelError, with the key or tensor and the byte, for a file that is damaged or a part of
/// several, an architecture or a type that is not read, and a key of the architecture that no table
/// knows: it may change what the model computes.
GgufFile parseGguf(std::span<const std::byte> bytes, const std::filesystem::path &file);

/// The tensors under the names of the weight table: f32, f16 and bf16 as they lie in the file, q8_0
/// as the f32 that it stands for. Throws ModelError, also for a tensor that has no place in the
/// model.
Weights readGguf(const std::filesystem::path &file, ModelConfig &config);

} // namespace roux::model
