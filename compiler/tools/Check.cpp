//===- Check.cpp - `roux check` -------------------------------------------===//
//
// The verb that is typed most: says what is wrong with a recipe, or what it will
// do, in a blink. Only the memory of a step takes longer.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Check.h"
#include "compiler/tools/CheckArguments.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/PlannedTrain.h"
#include "compiler/tools/RecipeFile.h"
#include "compiler/tools/Verbs.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>

namespace roux {

/// Whether a step's memory is to be told too, or what an eval measures looked at.
static bool asksCompiler(const CheckRequest &request, const CheckedRecipe &recipe) {
  bool hasShape = request.options.files || !request.config.empty();
  return hasShape &&
         std::ranges::any_of(recipe.definitions, [](const CheckedDefinition &definition) {
           return (definition.kind == ast::Kind::Train || definition.kind == ast::Kind::Eval) &&
                  definition.inMainFile;
         });
}

/// Says what trains will read, and what a run would refuse. The exit status.
static int tellData(const SourceManager &sources, const CheckedRecipe &recipe,
                    const CheckRequest &request) {
  bool isText = request.form == DiagnosticForm::Text;
  DataSummaries told = isText ? dataSummaries(sources, recipe, request.path)
                              : dataSummariesJson(sources, recipe, request.path);
  if (isText || request.asJson)
    fmt::print("{}", told.text);
  for (const std::string &refused : told.refused)
    fmt::print(isText ? stderr : stdout, "{}", refused);
  return told.refused.empty() ? 0 : 1;
}

static int checkRecipe(const CheckRequest &request, int argc, char **argv) {
  SourceManager sources;
  std::optional<uint32_t> file = openRecipe(sources, request.path);
  if (!file)
    return 1;
  Diagnostics diagnostics(sources);
  std::optional<CheckedRecipe> recipe = check(sources, *file, diagnostics, request.options);
  bool isText = request.form == DiagnosticForm::Text;
  if (recipe && isText)
    fmt::print("{}", summary(sources, *recipe));
  if (recipe)
    refuseCheckedOnly(*recipe, diagnostics);
  int status = printFound(diagnostics, request.form);
  if (recipe && status == 0 && request.options.files)
    status = tellData(sources, *recipe, request);
  std::fflush(nullptr);
  if (recipe && status == 0 && asksCompiler(request, *recipe))
    return runCompiler(argc, argv);
  // The process ends here. Taking a large recipe apart piece by piece would cost a tenth of the
  // run.
  std::_Exit(status);
}

int runCheck(int argc, char **argv) {
  CheckRequest request;
  if (std::optional<int> done = readCheck(argc, argv, request))
    return *done;
  return guarded([&] { return checkRecipe(request, argc, argv); }, request.form);
}

} // namespace roux
