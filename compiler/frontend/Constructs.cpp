//===- Constructs.cpp - finding rows in the table of constructs -----------===//
//
// The order here is the order of the reference: what a recipe is written from
// top to bottom.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Constructs.h"

#include "compiler/frontend/constructs/Parts.h"

#include <algorithm>
#include <unordered_map>

namespace roux {

static std::vector<const Construct *> collect() {
  using namespace parts;
  std::vector<const Construct *> rows;
  for (std::span<const Construct> part :
       {definitions, sources, records, generation, models, policies, positions, training, scoring,
        evaluation, running})
    for (const Construct &row : part)
      rows.push_back(&row);
  return rows;
}

std::span<const Construct *const> constructs() {
  static const std::vector<const Construct *> rows = collect();
  return rows;
}

const Construct *findConstruct(Family family, std::string_view name) {
  using Index = std::unordered_multimap<std::string_view, const Construct *>;
  static const Index index = [] {
    Index all;
    for (const Construct *row : constructs())
      all.emplace(row->name, row);
    return all;
  }();
  auto [first, last] = index.equal_range(name);
  for (; first != last; ++first)
    if (first->second->family == family)
      return first->second;
  return nullptr;
}

const Construct *findConstruct(std::string_view name) {
  for (const Construct *row : constructs())
    if (row->family != Family::Definition && row->name == name)
      return row;
  return nullptr;
}

const Construct &constructOf(ast::Kind kind) {
  return parts::definitions[static_cast<size_t>(kind)];
}

const Construct &modelOverride() {
  return parts::modelOverride;
}

const Parameter *Construct::find(std::string_view wanted) const {
  for (std::span<const Parameter> part : {parameters, options})
    for (const Parameter &parameter : part)
      if (parameter.name == wanted)
        return &parameter;
  return nullptr;
}

std::string_view spelling(State state) {
  return state == State::Runs ? "runs" : "checked only";
}

std::string_view spelling(Family family) {
  constexpr std::string_view names[] = {"a value",
                                        "a definition",
                                        "a source of data",
                                        "an operation on data",
                                        "a tokenizer",
                                        "a model",
                                        "a kind of rotary positions",
                                        "an adapter",
                                        "a batch policy",
                                        "a cut",
                                        "a way to fit",
                                        "a rule for positions",
                                        "a place",
                                        "a kind of span",
                                        "a kind of pairs",
                                        "an optimizer",
                                        "a group of weights",
                                        "a part of a schedule",
                                        "a part of a model",
                                        "a way to parse",
                                        "a chunk",
                                        "a choice of prompts",
                                        "values",
                                        "a place of a secret",
                                        "an interval",
                                        "a measurement",
                                        "a choice of weights"};
  return names[static_cast<size_t>(family)];
}

} // namespace roux
