//===- PrintRecipe.h - the resolved recipe as text ------------------------===//
//
// `roux inspect --emit=recipe`, for programs that do not include MLIR.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"

#include <string>

namespace roux {

/// The recipe dialect's text of `recipe`, which `roux-opt` reads back to the same text. Empty, with
/// the reason on stderr, only if the import has made what the dialect does not accept.
std::string printRecipe(const SourceManager &sources, const CheckedRecipe &recipe);

} // namespace roux
