//===- StepOfRecipe.cpp - what a train's step is compiled from ------------===//
//
// Keys of a train and of `run` as the compiler's plain values.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/StepOfRecipe.h"

#include "compiler/frontend/SplitWeight.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/plan/TrainTuning.h"
#include "compiler/plan/Words.h"
#include "compiler/tools/RecipeDevice.h"
#include "runtime/model/ParameterTable.h"

#include <algorithm>
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

static StepPlaces placesOf(const CheckedRecipe &recipe, const CheckedDefinition &train) {
  StepPlaces places;
  const CheckedValue &model = train["model"];
  places.model = placeOfModel(recipe, model);
  places.heads = placeOfKey(recipe, model, "heads", places.model);
  places.feedForward = placeOfKey(recipe, model, "ffn", places.model);
  places.rope = placeOfKey(recipe, model, "rope", places.model);
  places.adapter = placeOfKey(recipe, model, "adapt", places.model);
  places.optimizer = train["optimizer"].where;
  places.clip = train["clip"].isNone() ? places.optimizer : train["clip"].where;
  return places;
}

static constexpr std::pair<std::string_view, step::WeightGroup> weightGroups[] = {
    {"embeddings", step::WeightGroup::Embeddings},
    {"head", step::WeightGroup::Head},
    {"norms", step::WeightGroup::Norms},
    {"biases", step::WeightGroup::Biases},
    {"attention", step::WeightGroup::Attention},
    {"feed_forward", step::WeightGroup::FeedForward},
    {"adapter_down", step::WeightGroup::AdapterDown},
    {"adapter_up", step::WeightGroup::AdapterUp},
};

/// What `of:` of a group names; refused where the train changes none of it.
static std::vector<step::WeightGroup> groupsOf(const SourceManager &sources,
                                               const CheckedValue &group,
                                               const model::ModelConfig &config) {
  std::vector<model::WeightRow> table = model::parameterTable(config);
  std::vector<step::WeightGroup> groups;
  const CheckedValue &of = group["of"];
  for (const CheckedValue &word :
       of.kind == ValueKind::List ? std::span(of.items) : std::span(&of, 1)) {
    step::WeightGroup named = wordOf(word, weightGroups);
    if (std::ranges::none_of(table, [&](const model::WeightRow &row) {
          return !row.isFrozen && step::groupOf(row) == named;
        }))
      throw RefusedRecipe(sources, word.where,
                          fmt::format("the train changes no '{}' of this model{}", word.text,
                                      config.tied && word.is("head")
                                          ? "; they are one table with 'embeddings'"
                                          : ""));
    groups.push_back(named);
  }
  return groups;
}

/// The optimizer's keys as the update's table; groups know rates as shares of the optimizer's.
static void readOptimizer(const SourceManager &sources, const CheckedValue &optimizer,
                          StepSource &source) {
  bool isMuon = optimizer.calls("muon");
  const CheckedValue &adamw = isMuon ? optimizer["rest"] : optimizer;
  double peak = optimizer["lr"].number;
  source.firstBeta = adamw["betas"].items.at(0).number;
  source.secondBeta = adamw["betas"].items.at(1).number;
  source.epsilon = adamw["epsilon"].number;
  source.decay = adamw["decay"].number;
  source.decaysVectors = adamw["exempt"].is("none");
  source.halfMoments = optimizer["moments"].is("bf16");
  if (isMuon)
    source.muon = {optimizer["momentum"].number, optimizer["nesterov"].boolean,
                   optimizer["decay"].number, optimizer["scale"].is("adamw"),
                   adamw["lr"].number / peak};
  const CheckedValue &groups = optimizer["groups"];
  for (const CheckedValue &group : groups.kind == ValueKind::List
                                       ? std::span(groups.items)
                                       : std::span(&groups, groups.isNone() ? 0 : 1))
    for (step::WeightGroup named : groupsOf(sources, group, source.config)) {
      step::GroupSettings &own = source.groups.emplace_back(step::GroupSettings{named, {}, {}});
      if (!group["lr"].isNone())
        own.share = group["lr"].number / peak;
      if (!group["decay"].isNone())
        own.decay = group["decay"].number;
    }
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
  source.places = placesOf(recipe, train);
  source.loss = train["loss"].expression;
  if (train["loss"].origin.kind == OriginKind::Default)
    for (Expression::Node &node : source.loss.nodes)
      node.where = {train.where.file, train.where.begin, train.where.end};
  (source.loss.readsPairs() ? source.pairs : source.weight) = formulaOf(train);
  source.savesActivations = recipe.run()["recompute"].is("none");
  source.config.tuning = tuningOf(sources, recipe, train, config);
  readOptimizer(sources, train["optimizer"], source);
  return source;
}

} // namespace roux
