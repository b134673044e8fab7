//===- RecipeFile.cpp - the recipe a verb was given -----------------------===//
//
// Reads no more than a recipe may have, so that a device or a checkpoint named
// by mistake is refused at once.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/RecipeFile.h"
#include "compiler/frontend/Parser.h"
#include "compiler/tools/CommandLine.h"
#include "runtime/Say.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <sys/stat.h>

namespace roux {

std::optional<uint32_t> openRecipe(SourceManager &sources, const std::string &path) {
  auto cannot = [&](std::string_view why) {
    refuse(fmt::format("cannot read '{}': {}", path, why));
    return std::nullopt;
  };
  struct stat status{};
  if (stat(path.c_str(), &status) != 0)
    return cannot(std::strerror(errno));
  if (S_ISDIR(status.st_mode))
    return cannot("it is a folder, expected a recipe");
  std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file)
    return cannot(std::strerror(errno));
  // By pieces: touching room for the longest recipe would cost more than reading most of them.
  std::string text;
  std::array<char, 1 << 16> piece;
  while (text.size() <= maxRecipeBytes) {
    size_t read = std::fread(piece.data(), 1, piece.size(), file.get());
    if (read == 0)
      break;
    text.append(piece.data(), read);
  }
  if (std::ferror(file.get()))
    return cannot(std::strerror(errno));
  if (text.size() > maxRecipeBytes)
    return cannot(
        fmt::format("it is longer than {} bytes, the most a recipe may have", maxRecipeBytes));
  return sources.add(path, std::move(text));
}

static const CheckedDefinition &named(const CheckedRecipe &recipe, std::string_view name,
                                      bool orEval) {
  const CheckedDefinition *found = nullptr;
  std::vector<std::string_view> names;
  for (const CheckedDefinition &definition : recipe.definitions) {
    bool isTrain = definition.kind == ast::Kind::Train;
    if (!isTrain && !(orEval && !name.empty() && definition.kind == ast::Kind::Eval))
      continue;
    names.push_back(definition.name);
    bool isLater = definition.inMainFile && (!found || definition.where.begin > found->where.begin);
    if (name.empty() ? isLater : definition.name == name)
      found = &definition;
  }
  if (!found)
    throw std::runtime_error(
        name.empty() ? "the recipe has no train, so there is neither plan nor step"
                     : fmt::format("no train {}is named '{}'{}", orEval ? "or eval " : "", name,
                                   didYouMean(name, names)));
  return *found;
}

const CheckedDefinition &trainNamed(const CheckedRecipe &recipe, std::string_view name) {
  return named(recipe, name, /*orEval=*/false);
}

const CheckedDefinition &trainOrEvalNamed(const CheckedRecipe &recipe, std::string_view name) {
  return named(recipe, name, /*orEval=*/true);
}

void refuseCheckedOnly(const CheckedRecipe &recipe, Diagnostics &diagnostics) {
  for (const CheckedOnly &only : recipe.checkedOnly)
    diagnostics.error(
        Code::NotYet, only.where,
        fmt::format("'{}' is checked, but this build does not run it", only.construct));
}

int printFound(const Diagnostics &diagnostics, DiagnosticForm form) {
  if (form == DiagnosticForm::Json)
    fmt::print("{}", diagnostics.json());
  else
    say(stderr, "{}", diagnostics.text());
  return diagnostics.hasErrors() ? 1 : 0;
}

} // namespace roux
