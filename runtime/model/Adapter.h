//===- Adapter.h - the weights of a low-rank adapter ----------------------===//
//
// What a train with `adapt:` makes, in the folder that PEFT reads and writes:
// adapter_config.json, and the two matrices of each linear layer by their modules'
// names.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/SeedTree.h"
#include "runtime/model/Model.h"
#include "runtime/model/ParameterTable.h"

namespace roux::model {

/// A and B of everything that the tuning of `config` adapts, as PEFT begins: A uniform within
/// 1 / sqrt(inputs), B zero, so that the model is the base's. Each number is a function of the
/// seed, the tensor's name and its place.
Weights freshAdapter(const ModelConfig &config, const data::SeedTree &seed);

/// `base` with scale() B A added to what is adapted, in double precision and rounded to f32; the
/// rest in the types it has. `adapter` has all tensors of the tuning of `config`.
Weights mergedWeights(const ModelConfig &config, const Weights &base, const Weights &adapter);

/// Writes adapter_config.json and adapter_model.safetensors into `folder`, which exists. `base` is
/// where the model is that it belongs to. Throws FileError.
void writeAdapter(const std::filesystem::path &folder, const ModelConfig &config,
                  const Weights &adapter, const std::filesystem::path &base);

/// True unless the channels of heads are paired in another way than in files of the model's family,
/// as those of a llama2.c file are: an adapter of query or key would not fit the model that others
/// read.
bool pairsAsItsFamily(const ModelConfig &config);

/// A folder of PEFT's.
struct AdapterFiles {
  Adapter adapter;
  Weights weights; ///< under the names of parameterTable()
};

/// True of a folder that has an adapter_config.json and no model of its own.
bool isAdapterFolder(const std::filesystem::path &folder);
/// The model that the adapter in `folder` belongs to: base_model_name_or_path, from `folder` where
/// it is not absolute. Throws ModelError where there is no such folder.
std::filesystem::path baseOfAdapter(const std::filesystem::path &folder);
/// Reads an adapter of a model of `config`. Throws ModelError for what is no LoRA, for a key that
/// changes what is computed and is not followed, for a tensor that is missing, has another shape
/// or belongs nowhere.
AdapterFiles readAdapter(const std::filesystem::path &folder, const ModelConfig &config);

} // namespace roux::model
