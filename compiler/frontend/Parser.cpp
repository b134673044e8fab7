//===- Parser.cpp - from the text of a recipe to its tree -----------------===//
//
// Checks that the file is a text of bearable size before the grammar reads it.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Parser.h"
#include "compiler/frontend/CheckText.h"
#include "compiler/frontend/Grammar.h"

#include <fmt/format.h>

namespace roux {

std::unique_ptr<ast::File> parse(const SourceManager &sources, uint32_t file,
                                 Diagnostics &diagnostics) {
  auto tree = std::make_unique<ast::File>();
  tree->file = file;
  if (sources.text(file).size() > maxRecipeBytes) {
    diagnostics.error(Code::TooMuch, {file, 0, 0},
                      fmt::format("a recipe of {} bytes; at most {} are read",
                                  sources.text(file).size(), maxRecipeBytes));
    return tree;
  }
  checkText(sources, file, diagnostics);
  Grammar(sources, *tree, diagnostics).file();
  return tree;
}

} // namespace roux
