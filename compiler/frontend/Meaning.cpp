//===- Meaning.cpp - what a recipe says, whatever it looks like -----------===//
//
// Walks checked values, whose defaults are filled in and whose units are settled.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Meaning.h"

#include "compiler/frontend/Constructs.h"
#include "compiler/frontend/Objective.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace roux {

static std::string numberOf(double number, Measure measure) {
  return measure == Measure::Plain ? fmt::format("{}", number)
                                   : fmt::format("{} {}", number, spelling(measure));
}

/// `open` the items, separated, `close`.
template <typename Items, typename Print>
static std::string listOf(std::string_view open, const Items &items, std::string_view close,
                          Print print) {
  std::string text(open);
  for (const auto &item : items)
    text += (&item == &items.front() ? "" : ", ") + print(item);
  return text + std::string(close);
}

static bool namesFiles(const CheckedValue &call, const CheckedArgument &argument) {
  const Parameter *parameter = call.construct ? call.construct->find(argument.name) : nullptr;
  return parameter && (parameter->types & (type::Path | type::Pattern));
}

std::string meaningOf(const CheckedValue &value) {
  switch (value.kind) {
  case ValueKind::None:
  case ValueKind::Mistaken:
    return "none";
  case ValueKind::Boolean:
    return value.boolean ? "true" : "false";
  case ValueKind::Number:
    return numberOf(value.number, value.measure);
  case ValueKind::Range:
    return fmt::format("{}..{}", value.number, numberOf(value.high, value.measure));
  case ValueKind::Text:
  case ValueKind::Prompt:
    return fmt::format("{:?}", value.text);
  case ValueKind::Word:
  case ValueKind::Reference:
    return value.text;
  case ValueKind::List:
    return listOf("[", value.items, "]", [](const CheckedValue &item) { return meaningOf(item); });
  case ValueKind::Blend:
    return listOf("", value.items, "", [](const CheckedValue &item) {
      return fmt::format("{} * {}", item.number, meaningOf(item));
    });
  case ValueKind::Expression:
    return value.expression.empty() ? "none" : print(value.expression);
  case ValueKind::Call:
    break;
  }
  std::string name(value.construct ? value.construct->name : std::string_view(value.text));
  return listOf(name + "(", value.arguments, ")", [&](const CheckedArgument &argument) {
    return argument.name + ": " +
           (namesFiles(value, argument) ? "a file" : meaningOf(argument.value));
  });
}

/// A key that a recipe could not say when results were first kept, and that says what was so then.
static bool isLaterAndAsBefore(const CheckedDefinition &definition, const CheckedArgument &key) {
  const Parameter *parameter = constructOf(definition.kind).find(key.name);
  return parameter && parameter->isLater && meaningOf(key.value) == parameter->fallback;
}

static std::string textOf(const CheckedDefinition &definition) {
  std::string text = fmt::format("{} {}\n", ast::spelling(definition.kind), definition.name);
  if (definition.value.kind != ValueKind::None)
    text += fmt::format("  is {}\n", meaningOf(definition.value));
  for (const auto *arguments : {&definition.keys, &definition.lets, &definition.tasks})
    for (const CheckedArgument &argument : *arguments)
      if (!isLaterAndAsBefore(definition, argument))
        text += fmt::format("  {}: {}\n", argument.name, meaningOf(argument.value));
  return text;
}

/// Adds `index` and all that it reads, without params, whose values stand where they are used.
static void collect(const CheckedRecipe &recipe, uint32_t index, std::set<uint32_t> &found) {
  const CheckedDefinition &definition = recipe.definitions[index];
  if (definition.kind == ast::Kind::Param || !found.insert(index).second)
    return;
  for (uint32_t read : definition.reads)
    collect(recipe, read, found);
}

std::string meaningOf(const CheckedRecipe &recipe, const CheckedDefinition &definition) {
  std::set<uint32_t> found;
  collect(recipe, static_cast<uint32_t>(&definition - recipe.definitions.data()), found);
  std::set<std::string> others; // by kind and name
  for (uint32_t index : found)
    if (&recipe.definitions[index] != &definition)
      others.insert(textOf(recipe.definitions[index]));
  std::string text = fmt::format("seed {}\n", recipe.seed) + textOf(definition);
  for (const std::string &other : others)
    text += other;
  return text;
}

} // namespace roux
