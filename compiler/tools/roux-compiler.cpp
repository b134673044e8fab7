//===- roux-compiler.cpp - the half of `roux` that needs MLIR -------------===//
//
// `roux` becomes this program for the verbs and stages that need MLIR, with the
// same arguments. Not meant to be typed, though nothing stops who does.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Check.h"
#include "compiler/import/PrintRecipe.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/RecipeFile.h"
#include "compiler/tools/Settings.h"

#include <fmt/format.h>

namespace roux {

namespace {
/// A stage that this program shows, as text of a checked recipe.
struct CompiledStage {
  std::string_view name;
  std::string (*print)(const SourceManager &, const CheckedRecipe &);
};
} // namespace

static constexpr CompiledStage stages[] = {{"recipe", printRecipe}};

static int show(const std::string &path, const CompiledStage &stage, const CheckOptions &options) {
  SourceManager sources;
  std::optional<uint32_t> file = openRecipe(sources, path);
  if (!file)
    return 1;
  Diagnostics diagnostics(sources);
  std::optional<CheckedRecipe> recipe = check(sources, *file, diagnostics, options);
  if (report(diagnostics) || !recipe)
    return 1;
  std::string text = stage.print(sources, *recipe);
  fmt::print("{}", text);
  return text.empty() ? 1 : 0;
}

static int inspect(int argc, char **argv) {
  CLI::App app("look at any stage of a recipe", "roux inspect");
  std::string path, emit;
  std::vector<std::string> set;
  app.add_option("recipe", path, "the recipe")->required();
  app.add_option("--emit", emit, "what to show")->required();
  addSettings(app, set);
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  CheckOptions options;
  if (!readSettings(set, options))
    return 1;
  for (const CompiledStage &stage : stages)
    if (stage.name == emit)
      return guarded([&] { return show(path, stage, options); });
  return refuse(fmt::format("roux-compiler shows no stage '{}'; ask 'roux inspect'", emit));
}

} // namespace roux

int main(int argc, char **argv) {
  if (std::string_view(argv[0]) == "inspect")
    return roux::inspect(argc, argv);
  return roux::refuse("roux-compiler is started by 'roux'; see 'roux --help'");
}
