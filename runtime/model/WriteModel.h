//===- WriteModel.h - a model as others read it ---------------------------===//
//
// What a `train` leaves behind: the folder that transformers loads, with what a
// model cannot be used without, its tokenizer and its chat template.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/KnownFiles.h"
#include "runtime/model/Model.h"
#include "runtime/model/SafetensorsWriter.h"

#include <string>
#include <utility>
#include <vector>

namespace roux::model {

/// What goes along with weights.
struct ModelCompanions {
  /// A folder whose tokenizer files, chat template included, are copied; empty: none.
  std::filesystem::path tokenizerFolder;
  /// Files made here, name and contents; they replace those of the folder.
  std::vector<std::pair<std::string, std::string>> files;
  /// Ids that end an answer, besides those of the config: whoever loads the folder stops at them.
  std::vector<int64_t> endTokens = {};
};

/// Writes `folder` in Hugging Face's layout, whole or not at all, replacing what had its name:
/// config.json, generation_config.json, safetensors and companions. Weights are checked against
/// the config and stored in the types they have. Hashes of all files are in sumsOf(folder). Throws
/// ModelError or FileError.
void writeModelFolder(const std::filesystem::path &folder, const Model &model,
                      const ModelCompanions &companions, uint64_t shardBytes = largestShard);

/// Writes `folder` in PEFT's layout, whole or not at all, replacing what had its name: `adapter` of
/// a model with the tuning of `config`, whose base is in `base`, and companions. Throws ModelError
/// or FileError.
void writeAdapterFolder(const std::filesystem::path &folder, const ModelConfig &config,
                        const Weights &adapter, const std::filesystem::path &base,
                        const ModelCompanions &companions);

/// The list of hashes beside a folder that writeModelFolder() made.
std::filesystem::path sumsOf(const std::filesystem::path &folder);

/// Throws ModelError, saying what to do, unless what openModel() reads of such a folder is as it
/// was written. Other files are for others and may have been edited; those are returned, to be
/// told.
std::vector<std::filesystem::path> checkModelFolder(const std::filesystem::path &folder,
                                                    data::KnownFiles &known);

} // namespace roux::model
