//===- CheckArguments.cpp - what `roux check` was asked for ---------------===//
//
// See the header. A config stands in for files that are not here, so none is looked for.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/CheckArguments.h"

#include "compiler/tools/CommandLine.h"
#include "compiler/tools/Settings.h"

namespace roux {

std::optional<int> readCheck(int argc, char **argv, CheckRequest &request) {
  CLI::App app("say what is wrong with a recipe, or what it will do", "roux check");
  std::vector<std::string> set;
  bool noFiles = false;
  app.add_option("recipe", request.path, "the recipe")->required();
  app.add_flag("--no-files", noFiles, "do not ask whether its data and models exist");
  app.add_option("--config", request.config,
                 "a config.json that gives the model's shape instead of its files, for the memory");
  addDiagnostics(app, request.form);
  app.add_flag("--json", request.asJson,
               "mistakes and what trains will read as JSON, an object a line on stdout");
  addSettings(app, set);
  addRunKeys(app, request.options);
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return done;
  if (request.asJson)
    request.form = DiagnosticForm::Json;
  request.options.files = !noFiles && request.config.empty();
  return readSettings(set, request.options) ? std::nullopt : std::optional(1);
}

} // namespace roux
