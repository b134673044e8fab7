//===- CheckedRecipe.cpp - finding one's way in a checked recipe ----------===//
//
// Lookups by name, and the one rule for what a path in a recipe is relative to.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/CheckedRecipe.h"

#include "compiler/frontend/Constructs.h"

#include <algorithm>
#include <cassert>
#include <filesystem>

namespace roux {

static const CheckedValue *findIn(const std::vector<CheckedArgument> &arguments,
                                  std::string_view name) {
  auto at = std::ranges::find(arguments, name, &CheckedArgument::name);
  return at == arguments.end() ? nullptr : &at->value;
}

static const CheckedValue &promised(const CheckedValue *value) {
  assert(value && "the table of constructs promises this parameter");
  return *value;
}

bool CheckedValue::calls(std::string_view name) const {
  return kind == ValueKind::Call && construct->name == name;
}
const CheckedValue *CheckedValue::find(std::string_view name) const {
  return findIn(arguments, name);
}
const CheckedValue &CheckedValue::operator[](std::string_view name) const {
  return promised(find(name));
}

const CheckedValue *CheckedDefinition::find(std::string_view key) const {
  return findIn(keys, key);
}
const CheckedValue &CheckedDefinition::operator[](std::string_view key) const {
  return promised(find(key));
}

const CheckedDefinition *CheckedRecipe::find(std::string_view name) const {
  auto at = std::ranges::find(definitions, name, &CheckedDefinition::name);
  return at == definitions.end() || name.empty() ? nullptr : &*at;
}

const CheckedDefinition *trainBehind(const DefinitionAt &at, const CheckedValue &model) {
  if (model.kind == ValueKind::Reference) {
    const CheckedDefinition &named = at(model);
    return named.kind == ast::Kind::Train ? &named : trainBehind(at, named.value);
  }
  bool isOne = model.kind == ValueKind::Blend && model.items.size() == 1;
  if (isOne && model.items[0].number == 1)
    return trainBehind(at, model.items[0]);
  const CheckedValue *adapter = model.calls("override") ? model.find("adapt") : nullptr;
  if (model.calls("override") && (!adapter || adapter->isNone()))
    return trainBehind(at, model["base"]);
  return nullptr;
}

const CheckedDefinition *trainNamedBy(const DefinitionAt &at, const CheckedValue &model) {
  if (model.kind != ValueKind::Reference)
    return nullptr;
  const CheckedDefinition &named = at(model);
  return named.kind == ast::Kind::Train ? &named : trainNamedBy(at, named.value);
}

const CheckedDefinition *CheckedRecipe::trainBehind(const CheckedValue &model) const {
  return roux::trainBehind(
      [this](const CheckedValue &name) -> const CheckedDefinition & {
        return definitions[name.definition];
      },
      model);
}

const CheckedDefinition *CheckedRecipe::trainNamedBy(const CheckedValue &model) const {
  return roux::trainNamedBy(
      [this](const CheckedValue &name) -> const CheckedDefinition & {
        return definitions[name.definition];
      },
      model);
}

std::string_view spelling(Measure measure) {
  constexpr std::string_view names[] = {"a plain number", "a percentage", "bytes", "tokens",
                                        "sequences",      "records",      "steps", "epochs",
                                        "minutes",        "hours"};
  return names[static_cast<size_t>(measure)];
}

std::string resolvePath(const SourceManager &sources, const CheckedValue &path) {
  std::filesystem::path given = path.text;
  if (given.is_absolute())
    return path.text;
  std::filesystem::path recipe = sources.path(path.where.file);
  return (recipe.parent_path() / given).lexically_normal().string();
}

bool CheckedRecipe::arePairs(const CheckedValue &data) const {
  if (data.kind == ValueKind::Reference)
    return arePairs(definitions[data.definition].value);
  if (data.kind != ValueKind::Call)
    return false;
  // All that come together are pairs, or none.
  const CheckedValue *from = data.find("data");
  if (from && from->kind == ValueKind::List && !from->items.empty())
    return arePairs(from->items.front());
  if (from)
    return arePairs(*from);
  for (const CheckedArgument &share : data.arguments)
    if (share.named && data.calls("mix"))
      return arePairs(find(share.name)->value);
  return data.calls("pairs");
}

} // namespace roux
