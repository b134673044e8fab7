//===- StepOfRecipe.cpp - what a train's step is compiled from ------------===//
//
// What is in no IR of a recipe: the model's shape, where its parts are said, what code is
// for. Loss, weight and optimizer are read from that IR.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/StepOfRecipe.h"

#include "compiler/frontend/SplitWeight.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/plan/TrainTuning.h"
#include "compiler/tools/RecipeDevice.h"

#include <fmt/format.h>
#include <span>

namespace roux {

StepType stepTypeOf(const SourceManager &sources, const CheckedRecipe &recipe) {
  const CheckedValue &type = recipe.run()["dtype"];
  if (type.is("tf32"))
    throw RefusedRecipe(sources, type.where,
                        "tf32 is a type of NVIDIA's tensor cores; expected f32, bf16 or f64");
  return type.is("bf16") ? StepType::BF16 : type.is("f64") ? StepType::F64 : StepType::F32;
}

StepSource evaluationOf(const SourceManager &sources, const CheckedRecipe &recipe,
                        const model::ModelConfig &config) {
  StepSource source;
  source.config = config;
  source.type = stepTypeOf(sources, recipe);
  CodeTarget target = codeTargetOf(recipe);
  source.machine = target.machine;
  source.code = target.kind;
  source.attentionLibrary = target.attentionLibrary;
  source.fuses = recipe.run()["fuse"].boolean;
  source.trains = false;
  source.generates = true;
  return source;
}

/// Where the model that `value` names is made; of a train, where its model is.
static SourceRange placeOfModel(const CheckedRecipe &recipe, const CheckedValue &value) {
  if (value.kind != ValueKind::Reference)
    return value.where;
  const CheckedDefinition &named = recipe.definitions[value.definition];
  return placeOfModel(recipe, named.kind == ast::Kind::Train ? named["model"] : named.value);
}

/// Where `key` of that model is written, in the last block that says it or where it is made;
/// `whole` where nobody wrote it.
static SourceRange placeOfKey(const CheckedRecipe &recipe, const CheckedValue &value,
                              std::string_view key, SourceRange whole) {
  if (value.kind == ValueKind::Reference) {
    const CheckedDefinition &named = recipe.definitions[value.definition];
    bool isTrain = named.kind == ast::Kind::Train;
    return placeOfKey(recipe, isTrain ? named["model"] : named.value, key, whole);
  }
  if (value.kind != ValueKind::Call)
    return whole;
  const CheckedValue *own = value.find(key);
  if (own && !own->isNone() && own->origin.kind != OriginKind::Default)
    return own->where;
  return value.calls("override") ? placeOfKey(recipe, value["base"], key, whole) : whole;
}

static StepPlaces placesOf(const CheckedRecipe &recipe, const CheckedValue &model) {
  StepPlaces places;
  places.model = placeOfModel(recipe, model);
  places.heads = placeOfKey(recipe, model, "heads", places.model);
  places.feedForward = placeOfKey(recipe, model, "ffn", places.model);
  places.rope = placeOfKey(recipe, model, "rope", places.model);
  places.adapter = placeOfKey(recipe, model, "adapt", places.model);
  return places;
}

StepSource evaluationOf(const SourceManager &sources, const CheckedRecipe &recipe,
                        const CheckedDefinition &eval, const model::ModelConfig &config) {
  StepSource source = evaluationOf(sources, recipe, config);
  source.sources = &sources;
  source.places = placesOf(recipe, eval["model"]);
  return source;
}

static std::span<const CheckedValue> several(const CheckedValue &value) {
  return value.kind == ValueKind::List ? std::span(value.items)
                                       : std::span(&value, value.isNone() ? 0 : 1);
}

/// Refuses a group of weights of which the train changes none.
static void refuseUnchangedGroups(const SourceManager &sources, const CheckedValue &optimizer,
                                  const model::ModelConfig &config) {
  for (const CheckedValue &group : several(optimizer["groups"]))
    for (const CheckedValue &word : several(group["of"]))
      if (!step::changesSome(config, *step::groupNamed(word.text)))
        throw RefusedRecipe(sources, word.where,
                            fmt::format("the train changes no '{}' of this model{}", word.text,
                                        config.tied && word.is("head")
                                            ? "; they are one table with 'embeddings'"
                                            : ""));
}

WeightFormula formulaOf(const CheckedDefinition &train) {
  const Expression &weight = train["weight"].expression, &loss = train["loss"].expression;
  return loss.readsPairs() ? splitPairLoss(weight, loss) : splitWeight(weight);
}

StepSource stepOf(const SourceManager &sources, const CheckedRecipe &recipe,
                  const CheckedDefinition &train, const model::ModelConfig &config) {
  StepSource source = evaluationOf(sources, recipe, config);
  source.trains = true;
  source.generates = false;
  source.sources = &sources;
  source.places = placesOf(recipe, train["model"]);
  source.places.optimizer = train["optimizer"].where;
  source.places.clip = train["clip"].isNone() ? source.places.optimizer : train["clip"].where;
  source.recipe = &recipe;
  source.train = train.name;
  source.savesActivations = recipe.run()["recompute"].is("none");
  source.config.tuning = tuningOf(sources, recipe, train, config);
  refuseUnchangedGroups(sources, train["optimizer"], source.config);
  return source;
}

} // namespace roux
