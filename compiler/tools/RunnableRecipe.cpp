//===- RunnableRecipe.cpp - a recipe that is to be carried out ------------===//
//
// What this build only checks is refused all at once, each at its line.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/RunnableRecipe.h"

#include "compiler/tools/RecipeFile.h"

namespace roux {

int withChecked(
    const std::string &path, CheckOptions options,
    const std::function<int(const SourceManager &sources, const CheckedRecipe &recipe)> &body,
    DiagnosticForm form) {
  SourceManager sources;
  std::optional<uint32_t> file = openRecipe(sources, path);
  if (!file)
    return 1;
  Diagnostics diagnostics(sources);
  std::optional<CheckedRecipe> recipe = check(sources, *file, diagnostics, options);
  if (printFound(diagnostics, form) || !recipe)
    return 1;
  return body(sources, *recipe);
}

int withRunnable(
    const std::string &path, CheckOptions options,
    const std::function<int(const SourceManager &sources, const CheckedRecipe &recipe)> &body,
    DiagnosticForm form) {
  options.files = true;
  return withChecked(
      path, options,
      [&](const SourceManager &sources, const CheckedRecipe &recipe) {
        Diagnostics diagnostics(sources);
        refuseCheckedOnly(recipe, diagnostics);
        return printFound(diagnostics, form) ? 1 : body(sources, recipe);
      },
      form);
}

} // namespace roux
