//===- Safetensors.h - reading safetensors files --------------------------===//
//
// The format is a length, a JSON header and bytes. The header is checked to
// describe exactly the bytes that are there before any tensor is handed out, so
// a file that lies cannot make anybody read outside it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/Weights.h"

#include <functional>

namespace roux::model {

/// Where a header says a tensor is; `begin` and `end` count bytes from the end of the header.
struct TensorEntry {
  std::string name;
  DataType type = DataType::F32;
  int64_t elementBytes = 0;
  bool isRead = true; ///< false: a computed table (isComputedTable) of a type that no weight has
  std::vector<int64_t> shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

/// Reads the header of a file whose bytes are `bytes`; `file` is only named in messages. The
/// entries come in the order of their bytes, which they cover without gap or overlap. Throws
/// ModelError with the file, the tensor and the byte for everything else.
std::vector<TensorEntry> readSafetensorsHeader(std::span<const std::byte> bytes,
                                               const std::filesystem::path &file);

/// Adds the tensors of a file for which `wanted` is true.
void addSafetensors(const std::filesystem::path &file, Weights &weights,
                    const std::function<bool(const std::string &)> &wanted);

/// The tensors of a Hugging Face folder: model.safetensors, or the shards that
/// model.safetensors.index.json lists. Throws ModelError if there is neither, if a shard does not
/// hold a tensor it is listed for, or if one is listed outside the folder.
Weights readSafetensorsFolder(const std::filesystem::path &folder);

} // namespace roux::model
