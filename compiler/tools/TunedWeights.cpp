//===- TunedWeights.cpp - frozen weights and adapters ---------------------===//
//
// Frozen weights never pass through the program on their way out: it may hold them
// rounded.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/TunedWeights.h"

#include "compiler/plan/TrainTuning.h"
#include "runtime/model/Adapter.h"
#include "runtime/model/WriteModel.h"

namespace roux {

model::Weights beginningOf(const SourceManager &sources, const CheckedRecipe &recipe,
                           const CheckedDefinition &train, const model::Model &start) {
  const CheckedValue *block = adaptedBlock(recipe, train["model"]);
  if (!block)
    return start.weights;
  const CheckedValue &from = (*block)["adapt"]["from"];
  model::Weights adapter =
      from.isNone()
          ? model::freshAdapter(start.config, data::SeedTree(recipe.seed) / train.name / "adapt")
          : model::readAdapter(resolvePath(sources, from), start.config).weights;
  model::Weights all = start.weights;
  for (const auto &[name, tensor] : adapter.all())
    all.add(name, tensor);
  all.keep(std::make_shared<model::Weights>(std::move(adapter))); // the bytes
  return all;
}

model::Weights endOf(const model::Model &start, train::ModelProgram &program) {
  if (program.config().tuning.adapter)
    return model::mergedWeights(program.config(), start.weights, program.trained());
  model::Weights end = program.trained();
  for (const model::BoundWeight &weight : model::bindParameters(program.config(), start.weights))
    for (size_t i = 0; weight.row.isFrozen && i < weight.tensors.size(); ++i)
      end.add(model::nameInLayer(weight.row.name, weight.row.firstLayer + static_cast<int64_t>(i)),
              *weight.tensors[i]);
  end.keep(std::make_shared<model::Weights>(start.weights)); // the bytes that stay
  return end;
}

/// True of blocks around a model that its own config.json knows nothing of.
static bool isReshaped(const CheckedRecipe &recipe, const CheckedValue &model) {
  if (model.kind == ValueKind::Reference) {
    const CheckedDefinition &named = recipe.definitions[model.definition];
    return named.kind == ast::Kind::Model && isReshaped(recipe, named.value);
  }
  if (!model.calls("override"))
    return false;
  for (const char *key : {"rope", "context"})
    if (const CheckedValue *value = model.find(key); value && !value->isNone())
      return true;
  return isReshaped(recipe, model["base"]);
}

/// The folder that `model` is read from as it is; empty where there is none.
static std::filesystem::path folderOf(const SourceManager &sources, const CheckedRecipe &recipe,
                                      const CheckedValue &model, const TrainedModel &trained) {
  if (model.kind == ValueKind::Reference) {
    const CheckedDefinition &named = recipe.definitions[model.definition];
    return named.kind == ast::Kind::Train ? trained(named)
                                          : folderOf(sources, recipe, named.value, trained);
  }
  if (model.calls("override"))
    return folderOf(sources, recipe, model["base"], trained);
  return model.calls("load") ? std::filesystem::path(resolvePath(sources, model["path"]))
                             : std::filesystem::path();
}

std::filesystem::path baseFolder(const SourceManager &sources, const CheckedRecipe &recipe,
                                 const CheckedDefinition &train, const model::Model &start,
                                 const std::filesystem::path &folder, const TrainedModel &trained) {
  const CheckedValue &block = *adaptedBlock(recipe, train["model"]);
  std::filesystem::path base;
  if (!isReshaped(recipe, train["model"]))
    base = folderOf(sources, recipe, block["base"], trained);
  // A folder that is an adapter itself is merged, and is no base.
  if (base.empty() || !std::filesystem::exists(base / "config.json")) {
    base = folder / "base";
    model::writeModelFolder(base, start, {});
  }
  return std::filesystem::absolute(base);
}

} // namespace roux
