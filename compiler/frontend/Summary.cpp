//===- Summary.cpp - what `roux check --no-files` says --------------------===//
//
// A recipe that is right should still tell its author what it is: which trains
// and evals, with which batches, and what this build cannot do yet.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Check.h"

#include "compiler/frontend/Nouns.h"

#include <fmt/format.h>

namespace roux {

static std::string written(const SourceManager &sources, const CheckedValue &value) {
  std::string text(sources.text(value.where));
  std::string line;
  for (char c : text)
    if (!(c == ' ' && line.ends_with(' ')))
      line += c == '\n' ? ' ' : c;
  return line;
}

std::string summary(const SourceManager &sources, const CheckedRecipe &recipe) {
  std::string text;
  for (const CheckedDefinition &definition : recipe.definitions) {
    if (!definition.inMainFile)
      continue;
    if (definition.kind == ast::Kind::Train)
      text += fmt::format(
          "train {}: {} on {}, {}\n", definition.name, written(sources, definition["model"]),
          written(sources, definition["data"]), written(sources, definition["length"]));
    if (definition.kind == ast::Kind::Eval) {
      std::string names;
      for (const CheckedArgument &task : definition.tasks)
        names += (names.empty() ? "" : ", ") + task.name;
      text += fmt::format("eval {}: {} of {}\n", definition.name, names,
                          written(sources, definition["model"]));
    }
  }
  std::string only;
  for (const CheckedOnly &construct : recipe.checkedOnly)
    only += (only.empty() ? "" : ", ") + construct.construct;
  if (!only.empty())
    text += "checked only, not run by this build: " + only + "\n";
  return text;
}

} // namespace roux
