//===- SafetensorsWriter.h - writing safetensors files --------------------===//
//
// The other half of Safetensors.h: what is written here is read there, by
// transformers and by everything else that speaks the format.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/Weights.h"

namespace roux::model {

/// Above this a folder's tensors are divided among files, as transformers does.
inline constexpr uint64_t largestShard = 5'000'000'000;

/// Writes all of `weights` as one file, whole or not at all. Throws FileError.
void writeSafetensors(const std::filesystem::path &file, const Weights &weights);

/// Writes `model.safetensors` into `folder`, or shards of at most `shardBytes` (or one tensor) with
/// their index. Throws FileError.
void writeSafetensorsFolder(const std::filesystem::path &folder, const Weights &weights,
                            uint64_t shardBytes = largestShard);

} // namespace roux::model
