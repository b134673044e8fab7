//===- WithRecipe.cpp - verbs that work on a checked recipe ---------------===//
//
// A verb gets a recipe without mistakes or is never called.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/WithRecipe.h"

#include "compiler/tools/RecipeFile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdexcept>

namespace roux {

int withRecipe(const std::string &path, CheckOptions options,
               const std::function<int(const SourceManager &, const CheckedRecipe &)> &body) {
  SourceManager sources;
  std::optional<uint32_t> file = openRecipe(sources, path);
  if (!file)
    return 1;
  Diagnostics diagnostics(sources);
  options.files = true;
  std::optional<CheckedRecipe> recipe = check(sources, *file, diagnostics, options);
  int status = report(diagnostics);
  return recipe ? body(sources, *recipe) : status;
}

const CheckedDefinition &trainNamed(const CheckedRecipe &recipe, const std::string &name) {
  const CheckedDefinition *last = nullptr;
  std::vector<std::string> names;
  for (const CheckedDefinition &definition : recipe.definitions) {
    if (definition.kind != ast::Kind::Train || !definition.inMainFile)
      continue;
    last = &definition;
    if (definition.name == name)
      return definition;
    names.push_back(definition.name);
  }
  if (!last)
    throw std::runtime_error("the recipe trains nothing, so it has no plan; expected a 'train'");
  if (!name.empty())
    throw std::runtime_error(
        fmt::format("no train '{}'; the recipe has {}", name, fmt::join(names, ", ")));
  return *last;
}

} // namespace roux
