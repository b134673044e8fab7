// Any bytes at all, checked to the end: no mistake may bring the checker down, and what it accepts
// must have every promised value, an objective, and expressions that print.
#include "compiler/frontend/Check.h"
#include "compiler/frontend/Objective.h"

#include <cstdlib>

using namespace roux;

static size_t walk(const CheckedValue &value) {
  if (value.kind == ValueKind::Mistaken)
    std::abort();
  size_t size = print(value.expression).size() + value.text.size();
  for (const CheckedValue &item : value.items)
    size += walk(item);
  for (const CheckedArgument &argument : value.arguments)
    size += walk(argument.value);
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  SourceManager sources;
  uint32_t file = sources.add("fuzz.recipe", std::string(data, data + size));
  Diagnostics diagnostics(sources);
  CheckOptions options;
  options.read = [](const std::string &) { return std::nullopt; };
  std::optional<CheckedRecipe> recipe = check(sources, file, diagnostics, options);
  diagnostics.text();
  if (recipe.has_value() == diagnostics.hasErrors())
    std::abort();
  if (!recipe)
    return 0;
  summary(sources, *recipe);
  describeObjectives(sources, *recipe);
  for (const CheckedDefinition &definition : recipe->definitions) {
    walk(definition.value);
    for (const auto *arguments : {&definition.keys, &definition.lets, &definition.tasks})
      for (const CheckedArgument &argument : *arguments)
        walk(argument.value);
  }
  return 0;
}
