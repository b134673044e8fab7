//===- RecipeFile.h - the recipe a verb was given -------------------------===//
//
// Opening the named file and printing what is wrong with it is the same for
// every verb.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"
#include "compiler/frontend/Diagnostic.h"

#include <optional>
#include <string>

namespace roux {

/// Adds the file at `path` to `sources`; its number. Says why on stderr when it cannot be read, or
/// is longer than any recipe.
std::optional<uint32_t> openRecipe(SourceManager &sources, const std::string &path);

enum class DiagnosticForm { Text, Json };

/// Reports, at their lines, all constructs that are checked only.
void refuseCheckedOnly(const CheckedRecipe &recipe, Diagnostics &diagnostics);

/// Prints what was found: text to stderr, JSON lines to stdout. The exit status: 1 on any error.
int printFound(const Diagnostics &diagnostics, DiagnosticForm form = DiagnosticForm::Text);

/// The train of that name; of no name, the last one in the recipe's text. Throws std::runtime_error
/// where there is none.
const CheckedDefinition &trainNamed(const CheckedRecipe &recipe, std::string_view name);
/// The same, or the eval of that name.
const CheckedDefinition &trainOrEvalNamed(const CheckedRecipe &recipe, std::string_view name);

} // namespace roux
