//===- Import.cpp - `roux import` -----------------------------------------===//
//
// A config of axolotl, LLaMA-Factory or TRL as a recipe. What had to be decided is
// said at the recipe's top and on stderr; what changes nothing, on stderr only.
//
//===----------------------------------------------------------------------===//
#include "compiler/peers/PeerRecipe.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/Verbs.h"

#include "compiler/frontend/Formatter.h"
#include "compiler/frontend/Parser.h"
#include "compiler/frontend/Source.h"

#include <fmt/format.h>
#include <fstream>
#include <sstream>

namespace roux {

static std::string contentsOf(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file)
    text << file.rdbuf();
  if (!file || text.str().empty())
    throw std::runtime_error(fmt::format("{}: cannot be read, or is empty", path));
  return text.str();
}

/// `text` in the house layout.
static std::string laidOut(const std::string &text) {
  SourceManager sources;
  uint32_t file = sources.add("imported.recipe", text);
  Diagnostics diagnostics(sources);
  std::unique_ptr<ast::File> tree = parse(sources, file, diagnostics);
  return diagnostics.hasErrors() ? text : format(sources, *tree);
}

static int importConfig(const std::string &path) {
  peers::PeerRecipe made = peers::recipeOf(peers::PeerConfig(contentsOf(path), path));
  fmt::print("{}", laidOut(made.text));
  for (const peers::PeerNote &note : made.notes)
    fmt::print(stderr, "{}\n", print(note));
  return 0;
}

int runImport(int argc, char **argv) {
  CLI::App app("a config of axolotl, LLaMA-Factory or TRL as a recipe, on stdout", "roux import");
  std::string path;
  app.add_option("config", path, "a YAML file")->required();
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  return guarded([&] { return importConfig(path); });
}

} // namespace roux
