//===- TrainTuning.cpp - parts of a model by name -------------------------===//
//
// The one place that says which weights the words of `freeze:` and `on:` stand for.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/TrainTuning.h"

#include "compiler/plan/RefusedRecipe.h"
#include "runtime/model/Adapter.h"

#include <algorithm>
#include <fmt/ranges.h>
#include <span>

namespace roux {

using model::Role;

static constexpr Role embeddings[] = {Role::Embedding, Role::EmbeddingIn, Role::PositionTable};
static constexpr Role head[] = {Role::EmbeddingOut, Role::Vocabulary, Role::VocabularyBias};

static constexpr std::pair<std::string_view, Role> matrices[] = {
    {"query", Role::Query},   {"key", Role::Key},
    {"value", Role::Value},   {"query_key_value", Role::QueryKeyValue},
    {"output", Role::Output}, {"gate", Role::Gate},
    {"up", Role::Up},         {"gate_up", Role::GateUp},
    {"down", Role::Down},
};

static std::span<const CheckedValue> partsOf(const CheckedValue &value) {
  if (value.kind == ValueKind::List)
    return value.items;
  return value.isNone() ? std::span<const CheckedValue>() : std::span(&value, 1);
}

/// Joins ranges that touch or overlap.
static std::vector<std::pair<int64_t, int64_t>>
joined(std::vector<std::pair<int64_t, int64_t>> ranges) {
  std::ranges::sort(ranges);
  std::vector<std::pair<int64_t, int64_t>> result;
  for (auto [first, last] : ranges)
    if (!result.empty() && first <= result.back().second + 1)
      result.back().second = std::max(result.back().second, last);
    else
      result.emplace_back(first, last);
  return result;
}

static std::pair<int64_t, int64_t> layersOf(const SourceManager &sources, const CheckedValue &part,
                                            const model::ModelConfig &config) {
  const CheckedValue &which = part["which"];
  if (which.high >= static_cast<double>(config.layers))
    throw RefusedRecipe(sources, which.where,
                        fmt::format("the model has layers 0..{}; found {}..{}", config.layers - 1,
                                    which.number, which.high));
  return {static_cast<int64_t>(which.number), static_cast<int64_t>(which.high)};
}

static model::Tuning frozenOf(const SourceManager &sources, const CheckedDefinition &train,
                              const model::ModelConfig &config) {
  const CheckedValue &freeze = train["freeze"];
  model::Tuning tuning;
  auto add = [&](std::span<const Role> roles) {
    tuning.frozen.insert(tuning.frozen.end(), roles.begin(), roles.end());
  };
  bool hasEmbeddings = false, hasHead = false;
  for (const CheckedValue &part : partsOf(freeze)) {
    if (part.is("embeddings"))
      hasEmbeddings = true;
    else if (part.is("head"))
      hasHead = true;
    else
      tuning.frozenLayers.push_back(layersOf(sources, part, config));
  }
  if (config.tied && hasEmbeddings != hasHead)
    throw RefusedRecipe(sources, freeze.where,
                        "embeddings and head of this model are one table; expected both or none");
  if (hasEmbeddings)
    add(embeddings);
  if (hasHead)
    add(head);
  tuning.frozenLayers = joined(std::move(tuning.frozenLayers));
  model::ModelConfig tuned = config;
  tuned.tuning = tuning;
  if (std::ranges::all_of(model::parameterTable(tuned), &model::WeightRow::isFrozen))
    throw RefusedRecipe(sources, freeze.where, "every weight is frozen: there is nothing to train");
  return tuning;
}

/// The matrices that `config`'s layers have, by the words of `on:`.
static std::vector<std::pair<std::string_view, Role>> matricesOf(const model::ModelConfig &config) {
  std::vector<std::pair<std::string_view, Role>> found;
  std::vector<model::WeightRow> table = model::weightTable(config);
  for (const auto &matrix : matrices)
    if (std::ranges::any_of(table, [&](const model::WeightRow &row) {
          return row.perLayer && row.role == matrix.second;
        }))
      found.push_back(matrix);
  return found;
}

/// Each once, in the order of the table.
static std::vector<Role> adaptedRoles(const SourceManager &sources, const CheckedValue &on,
                                      const model::ModelConfig &config) {
  auto there = matricesOf(config);
  std::vector<std::string_view> names;
  for (const auto &[name, role] : there)
    names.push_back(name);
  std::vector<Role> roles;
  for (const CheckedValue &word : partsOf(on))
    if (!word.is("linear") && std::ranges::find(names, word.text) == names.end())
      throw RefusedRecipe(sources, word.where,
                          fmt::format("layers of this model have no '{}'; expected some of {}",
                                      word.text, fmt::join(names, ", ")));
  for (const auto &[name, role] : there)
    if (std::ranges::any_of(partsOf(on), [&](const CheckedValue &word) {
          return word.is("linear") || word.text == name;
        }))
      roles.push_back(role);
  return roles;
}

/// What `from:` holds is what the recipe says, or it would be trained as something else.
static void compare(const SourceManager &sources, const CheckedValue &call,
                    const model::ModelConfig &config, const model::Adapter &asked) {
  std::filesystem::path folder = resolvePath(sources, call["from"]);
  model::Adapter found = model::readAdapter(folder, config).adapter;
  auto refuse = [&](const CheckedValue &where, const std::string &what) {
    throw RefusedRecipe(sources, where.where, fmt::format("{}: {}", folder.string(), what));
  };
  if (found.rank != asked.rank)
    refuse(call["rank"], fmt::format("has rank {}, expected {}", found.rank, asked.rank));
  if (found.alpha != asked.alpha)
    refuse(call["alpha"], fmt::format("has alpha {}, expected {}", found.alpha, asked.alpha));
  if (found.isRankStabilized != asked.isRankStabilized)
    refuse(call["rslora"], fmt::format("has use_rslora {}, expected {}", found.isRankStabilized,
                                       asked.isRankStabilized));
  std::vector<std::string_view> names;
  for (const auto &[name, role] : matrices)
    if (std::ranges::find(found.on, role) != found.on.end())
      names.push_back(name);
  bool isOther =
      found.on.size() != asked.on.size() || std::ranges::any_of(asked.on, [&](Role role) {
        return std::ranges::find(found.on, role) == found.on.end();
      });
  if (isOther)
    refuse(call["on"],
           fmt::format("is on [{}], and the recipe's on others", fmt::join(names, ", ")));
}

static model::Adapter adapterOf(const SourceManager &sources, const CheckedValue &call,
                                const model::ModelConfig &config) {
  if (!model::pairsAsItsFamily(config))
    throw RefusedRecipe(sources, call.where,
                        "an adapter goes with a Hugging Face folder, which pairs the channels of a "
                        "head in another way than this file; 'roux run --target' writes a model "
                        "as one");
  model::Adapter adapter;
  adapter.rank = static_cast<int64_t>(call["rank"].number);
  adapter.alpha = call["alpha"].number;
  adapter.isRankStabilized = call["rslora"].boolean;
  adapter.dropout = call["dropout"].number;
  adapter.on = adaptedRoles(sources, call["on"], config);
  int64_t most = std::max(config.channels, config.feedForward);
  if (adapter.rank > most)
    throw RefusedRecipe(sources, call["rank"].where,
                        fmt::format("found rank {}, expected at most {}, the most channels that a "
                                    "layer of this model has",
                                    adapter.rank, most));
  if (!call["from"].isNone())
    compare(sources, call, config, adapter);
  return adapter;
}

const CheckedValue *adaptedBlock(const CheckedRecipe &recipe, const CheckedValue &model) {
  if (model.kind == ValueKind::Reference) {
    const CheckedDefinition &named = recipe.definitions[model.definition];
    return named.kind == ast::Kind::Train ? nullptr : adaptedBlock(recipe, named.value);
  }
  if (!model.calls("override"))
    return nullptr;
  const CheckedValue *adapter = model.find("adapt");
  return adapter && !adapter->isNone() ? &model : adaptedBlock(recipe, model["base"]);
}

model::Tuning tuningOf(const SourceManager &sources, const CheckedRecipe &recipe,
                       const CheckedDefinition &train, const model::ModelConfig &config) {
  model::Tuning tuning = frozenOf(sources, train, config);
  if (const CheckedValue *block = adaptedBlock(recipe, train["model"]))
    tuning.adapter = adapterOf(sources, (*block)["adapt"], config);
  return tuning;
}

} // namespace roux
