//===- Model.cpp - open and cross-check -----------------------------------===//
//
// The check happens here so that nobody can hold a model that does not fit its
// own config.
//
//===----------------------------------------------------------------------===//
#include "runtime/model/Model.h"

#include "runtime/model/Adapter.h"
#include "runtime/model/Gguf.h"
#include "runtime/model/Llama2c.h"
#include "runtime/model/Safetensors.h"

#include <fmt/format.h>

namespace roux::model {

Model openModel(const std::filesystem::path &path) {
  Model model;
  if (isAdapterFolder(path)) {
    model = openModel(baseOfAdapter(path));
    AdapterFiles files = readAdapter(path, model.config);
    ModelConfig tuned = model.config;
    tuned.tuning.adapter = files.adapter;
    model.weights = mergedWeights(tuned, model.weights, files.weights);
  } else if (std::filesystem::is_directory(path)) {
    model.config = readConfig(path / "config.json");
    model.weights = readSafetensorsFolder(path);
  } else if (std::filesystem::exists(path)) {
    bool named = isGguf(MappedFile(path).bytes());
    model.weights = named ? readGguf(path, model.config) : readLlama2c(path, model.config);
  } else {
    throw ModelError(fmt::format("{}: there is no such model", path.string()));
  }
  bind(model.config, model.weights);
  return model;
}

} // namespace roux::model
