//===- Check.cpp - from parsed text to a checked recipe -------------------===//
//
// The order of a check: files and names, every definition once, then what
// nothing read.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Check.h"

#include "compiler/frontend/Checker.h"

#include <algorithm>

namespace roux {

std::optional<CheckedRecipe> Checker::run() {
  uint32_t runSymbol = UINT32_MAX;
  for (uint32_t symbol : readingOrder())
    if (symbols[symbol].written->kind == ast::Kind::Run)
      runSymbol = symbol;
    else
      resolve(symbol, {});
  CheckedDefinition run;
  run.kind = ast::Kind::Run;
  if (runSymbol != UINT32_MAX) {
    reads = &run.reads;
    checkDefinition(symbols[runSymbol], run);
  } else {
    fillDefaults(constructOf(ast::Kind::Run), {mainFile, 0, 0}, run.keys, 0);
  }
  checked.push_back(std::move(run));
  checkKept();
  reportUnread();
  if (diagnostics.hasErrors())
    return std::nullopt;
  CheckedRecipe recipe;
  recipe.mainFile = mainFile;
  recipe.seed = seed;
  recipe.seedOrigin = seedOrigin;
  recipe.seedRange = seedRange;
  recipe.definitions.assign(std::make_move_iterator(checked.begin()),
                            std::make_move_iterator(checked.end()));
  std::ranges::sort(checkedOnly, {}, [](const CheckedOnly &only) {
    return std::pair(only.where.file, only.where.begin);
  });
  recipe.checkedOnly = std::move(checkedOnly);
  return recipe;
}

std::optional<CheckedRecipe> check(SourceManager &sources, uint32_t mainFile,
                                   Diagnostics &diagnostics, const CheckOptions &options) {
  Checker checker(sources, diagnostics, options);
  checker.load(mainFile);
  return checker.run();
}

} // namespace roux
