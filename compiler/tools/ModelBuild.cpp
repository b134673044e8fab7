//===- ModelBuild.cpp - a recipe's model, written like a train's ----------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/ModelBuild.h"

#include "compiler/frontend/Meaning.h"
#include "compiler/plan/ExportType.h"
#include "compiler/plan/TrainSettings.h"
#include "compiler/tools/ModelExport.h"
#include "runtime/model/Safetensors.h"
#include "runtime/model/StoredType.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace roux {

std::filesystem::path buildModel(const SourceManager &sources, const CheckedRecipe &recipe,
                                 TrainBuilder &trains, const std::filesystem::path &output,
                                 const CheckedDefinition &model) {
  std::string identity =
      "model 1\n" + meaningOf(recipe, model) + trains.identityOf(model.value, Precision::Trained);
  std::filesystem::path folder =
      output /
      fmt::format("{}-{:016x}", model.name, XXH3_64bits(identity.data(), identity.size())) /
      "model";
  model::DataType type = exportType(sources, recipe, model.value);
  if (std::filesystem::exists(folder / "config.json") &&
      model::mainType(model::readSafetensorsFolder(folder)) == type) {
    fmt::print("model {}: nothing changed, {}\n", model.name, folder.string());
    return folder;
  }
  model::Model made = trains.modelOf(model.value, Precision::Trained);
  ModelFacts facts = trains.data().modelOf(model.value);
  std::filesystem::create_directories(folder.parent_path());
  exportModel(folder, made, type, companionsOf(facts, trains.data()));
  fmt::print("model {}: {}\n", model.name, folder.string());
  return folder;
}

} // namespace roux
