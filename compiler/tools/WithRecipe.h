//===- WithRecipe.h - verbs that work on a checked recipe -----------------===//
//
// Opening, checking and reporting come before anything that a verb does with a
// recipe's data or models, and are the same for all of them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Check.h"

#include <functional>
#include <string>

namespace roux {

/// Checks the recipe at `path`, reports what was found, and, where nothing is wrong, returns what
/// `body` returns.
int withRecipe(const std::string &path, CheckOptions options,
               const std::function<int(const SourceManager &, const CheckedRecipe &)> &body);

/// The train that `name` says, or, where it is empty, the last one of the main file. Throws
/// std::runtime_error naming the trains there are.
const CheckedDefinition &trainNamed(const CheckedRecipe &recipe, const std::string &name);

} // namespace roux
