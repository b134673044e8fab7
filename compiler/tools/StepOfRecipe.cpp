//===- StepOfRecipe.cpp - what a train's step is compiled from ------------===//
//
// Keys of a train and of `run` as the compiler's plain values.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/StepOfRecipe.h"

#include "compiler/frontend/SplitWeight.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/plan/TrainTuning.h"
#include "compiler/tools/RecipeDevice.h"

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

StepSource stepOf(const SourceManager &sources, const CheckedRecipe &recipe,
                  const CheckedDefinition &train, const model::ModelConfig &config) {
  StepSource source = evaluationOf(sources, recipe, config);
  source.trains = true;
  source.generates = false;
  source.sources = &sources;
  source.modelWhere = placeOfModel(recipe, train["model"]);
  source.optimizerWhere = train["optimizer"].where;
  source.loss = train["loss"].expression;
  if (train["loss"].origin.kind == OriginKind::Default)
    for (Expression::Node &node : source.loss.nodes)
      node.where = {train.where.file, train.where.begin, train.where.end};
  source.weight = splitWeight(train["weight"].expression);
  source.savesActivations = recipe.run()["recompute"].is("none");
  const CheckedValue &optimizer = train["optimizer"];
  source.firstBeta = optimizer["betas"].items.at(0).number;
  source.secondBeta = optimizer["betas"].items.at(1).number;
  source.epsilon = optimizer["epsilon"].number;
  source.decay = optimizer["decay"].number;
  source.decaysVectors = optimizer["exempt"].is("none");
  source.config.tuning = tuningOf(sources, recipe, train, config);
  return source;
}

} // namespace roux
