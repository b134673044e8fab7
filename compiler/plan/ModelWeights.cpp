//===- ModelWeights.cpp - a recipe's model with its weights ---------------===//
//
// Blocks change a model's shape and never its weights, so they are looked through.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/ModelWeights.h"

#include "runtime/model/Blend.h"
#include "runtime/model/FreshWeights.h"
#include "runtime/model/RotaryStyle.h"

#include <fmt/format.h>

namespace roux {

namespace {

class WeightReader {
public:
  WeightReader(const SourceManager &sources, const CheckedRecipe &recipe, DataBuilder &builder,
               const TrainedModel &trained)
      : sources(sources), recipe(recipe), builder(builder), trained(trained) {}

  model::Weights read(const CheckedValue &value, std::string_view name) const;

private:
  model::Weights blend(const CheckedValue &value) const;

  const SourceManager &sources;
  const CheckedRecipe &recipe;
  DataBuilder &builder;
  const TrainedModel &trained;
};

} // namespace

model::Weights WeightReader::blend(const CheckedValue &value) const {
  std::vector<model::BlendPart> parts;
  for (const CheckedValue &item : value.items) {
    std::string name(sources.text(item.where));
    parts.push_back({name, item.number, {builder.modelOf(item).config, read(item, name)}});
  }
  return model::blend(parts).weights;
}

model::Weights WeightReader::read(const CheckedValue &value, std::string_view name) const {
  if (value.kind == ValueKind::Reference) {
    const CheckedDefinition &named = recipe.definitions[value.definition];
    if (named.kind == ast::Kind::Train)
      return model::openModel(trained(named)).weights;
    return read(named.value, named.name);
  }
  if (value.kind == ValueKind::Blend)
    return blend(value);
  if (value.calls("override"))
    return read(value["base"], name);
  if (value.calls("new"))
    return model::freshWeights(builder.modelOf(value).config, value["deviation"].number,
                               data::SeedTree(recipe.seed) / name / "new");
  return model::openModel(resolvePath(sources, value["path"])).weights;
}

model::Model modelWithWeights(const SourceManager &sources, const CheckedRecipe &recipe,
                              DataBuilder &builder, const CheckedValue &value,
                              const TrainedModel &trained) {
  WeightReader reader(sources, recipe, builder, trained);
  return {builder.modelOf(value).config, reader.read(value, "model")};
}

} // namespace roux
