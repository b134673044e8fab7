//===- Formatter.h - one way to lay out a recipe --------------------------===//
//
// Recipes are read side by side with papers and with each other, so they should
// differ only where they say different things. The formatter keeps the author's
// lines and comments and settles the rest: indentation, spaces, and the columns
// of `key: value` and `name = value`.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/AST.h"

#include <string>

namespace roux {

/// The text of `file`, which was parsed without errors, in the house layout. Formatting the result
/// again changes nothing, and it parses to the same tree.
std::string format(const SourceManager &sources, const ast::File &file);

} // namespace roux
