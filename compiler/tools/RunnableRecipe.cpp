//===- RunnableRecipe.cpp - a recipe that is to be carried out ------------===//
//
// What this build only checks is refused all at once, each at its line.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/RunnableRecipe.h"

#include "compiler/tools/RecipeFile.h"

namespace roux {

static int withFile(SourceManager &sources, uint32_t file, const CheckOptions &options,
                    const RecipeBody &body, DiagnosticForm form) {
  Diagnostics diagnostics(sources);
  std::optional<CheckedRecipe> recipe = check(sources, file, diagnostics, options);
  if (printFound(diagnostics, form) || !recipe)
    return 1;
  return body(sources, *recipe);
}

/// What `body` does with recipes that have nothing in them which is checked only.
static RecipeBody onlyWhatRuns(const RecipeBody &body, DiagnosticForm form) {
  return [&body, form](const SourceManager &sources, const CheckedRecipe &recipe) {
    Diagnostics diagnostics(sources);
    refuseCheckedOnly(recipe, diagnostics);
    return printFound(diagnostics, form) ? 1 : body(sources, recipe);
  };
}

int withChecked(const std::string &path, CheckOptions options, const RecipeBody &body,
                DiagnosticForm form) {
  SourceManager sources;
  std::optional<uint32_t> file = openRecipe(sources, path);
  return file ? withFile(sources, *file, options, body, form) : 1;
}

int withRunnable(const std::string &path, CheckOptions options, const RecipeBody &body,
                 DiagnosticForm form) {
  options.files = true;
  return withChecked(path, options, onlyWhatRuns(body, form), form);
}

int withRunKeys(const CheckOptions &options, const RecipeBody &body) {
  SourceManager sources;
  uint32_t file = sources.add("run", "run { dtype: f32 }\n");
  return withFile(sources, file, options, onlyWhatRuns(body, DiagnosticForm::Text),
                  DiagnosticForm::Text);
}

} // namespace roux
