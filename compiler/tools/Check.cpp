//===- Check.cpp - `roux check` -------------------------------------------===//
//
// The verb that is typed most: says what is wrong with a recipe, or what it will
// do, in a blink.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Check.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/PlannedTrain.h"
#include "compiler/tools/RecipeFile.h"
#include "compiler/tools/Settings.h"
#include "compiler/tools/Verbs.h"

#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>

namespace roux {

static int checkRecipe(const std::string &path, const CheckOptions &options, DiagnosticForm form) {
  SourceManager sources;
  std::optional<uint32_t> file = openRecipe(sources, path);
  if (!file)
    return 1;
  Diagnostics diagnostics(sources);
  std::optional<CheckedRecipe> recipe = check(sources, *file, diagnostics, options);
  if (recipe && form == DiagnosticForm::Text)
    fmt::print("{}", summary(sources, *recipe));
  int status = printFound(diagnostics, form);
  if (recipe && status == 0 && options.files && form == DiagnosticForm::Text)
    fmt::print("{}", dataSummaries(sources, *recipe, path));
  // The process ends here. Taking a large recipe apart piece by piece would cost a tenth of the
  // run.
  std::fflush(nullptr);
  std::_Exit(status);
}

int runCheck(int argc, char **argv) {
  CLI::App app("say what is wrong with a recipe, or what it will do", "roux check");
  std::string path;
  std::vector<std::string> set;
  bool noFiles = false;
  DiagnosticForm form = DiagnosticForm::Text;
  app.add_option("recipe", path, "the recipe")->required();
  app.add_flag("--no-files", noFiles, "do not ask whether its data and models exist");
  app.add_option("--diagnostics", form, "text or json, one object a line on stdout")
      ->transform(CLI::CheckedTransformer(std::map<std::string, DiagnosticForm>{
          {"text", DiagnosticForm::Text}, {"json", DiagnosticForm::Json}}));
  addSettings(app, set);
  CheckOptions options;
  addRunKeys(app, options);
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  return guarded([&] {
    options.files = !noFiles;
    if (!readSettings(set, options))
      return 1;
    return checkRecipe(path, options, form);
  });
}

} // namespace roux
