//===- Format.cpp - `roux fmt` --------------------------------------------===//
//
// Rewrites recipes in the house layout, or with --check only says which are not.
// A file with mistakes is left as it is.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Formatter.h"
#include "compiler/frontend/Parser.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/RecipeFile.h"
#include "compiler/tools/Verbs.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>

namespace roux {

/// Puts `text` in the place of the file in one step: no kill leaves half a recipe.
static int replaceFile(const std::string &path, std::string_view text) {
  std::filesystem::path target = std::filesystem::canonical(path); // a link stays a link
  std::filesystem::path written = target.string() + ".formatted";
  FILE *file = std::fopen(written.c_str(), "wb");
  if (!file)
    return refuse(fmt::format("cannot write '{}': {}", written.string(), std::strerror(errno)));
  bool complete = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  complete &= std::fclose(file) == 0;
  if (!complete) {
    std::filesystem::remove(written);
    return refuse(fmt::format("cannot write '{}': the disk is full", written.string()));
  }
  std::filesystem::permissions(written, std::filesystem::status(target).permissions());
  std::filesystem::rename(written, target);
  return 0;
}

/// The recipe on stdin, as editors give it.
static std::optional<uint32_t> readStandardInput(SourceManager &sources) {
  std::string text;
  std::array<char, 1 << 16> piece;
  for (size_t read; text.size() <= maxRecipeBytes &&
                    (read = std::fread(piece.data(), 1, piece.size(), stdin)) > 0;)
    text.append(piece.data(), read);
  if (text.size() > maxRecipeBytes || std::ferror(stdin)) {
    refuse(std::ferror(stdin) ? "standard input cannot be read"
                              : fmt::format("standard input is longer than {} bytes, the most a "
                                            "recipe may have",
                                            maxRecipeBytes));
    return std::nullopt;
  }
  return sources.add("standard input", std::move(text));
}

static int formatFile(const std::string &path, bool checkOnly) {
  SourceManager sources;
  bool isStream = path == "-";
  std::optional<uint32_t> file = isStream ? readStandardInput(sources) : openRecipe(sources, path);
  if (!file)
    return 1;
  Diagnostics diagnostics(sources);
  std::unique_ptr<ast::File> tree = parse(sources, *file, diagnostics);
  if (printFound(diagnostics))
    return 1;
  std::string formatted = format(sources, *tree);
  if (isStream && !checkOnly)
    fmt::print("{}", formatted);
  if (formatted == sources.text(*file) || (isStream && !checkOnly))
    return 0;
  if (!checkOnly)
    return replaceFile(path, formatted);
  fmt::print("{}\n", path);
  return 1;
}

int runFormat(int argc, char **argv) {
  CLI::App app("lay out recipes in the one way", "roux fmt");
  std::vector<std::string> paths;
  bool checkOnly = false;
  app.add_option("recipe", paths,
                 "files to format; - is standard input, laid out on standard output")
      ->required();
  app.add_flag("--check", checkOnly,
               "change nothing; name the files that would change and exit with 1");
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  return guarded([&] {
    int status = 0;
    for (const std::string &path : paths)
      status |= formatFile(path, checkOnly);
    return status;
  });
}

} // namespace roux
