//===- Parser.h - from the text of a recipe to its tree -------------------===//
//
// The one entry to the syntax of the language. Everything that can be said
// about a recipe without knowing what its words mean is said here.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/AST.h"
#include "compiler/frontend/Diagnostic.h"

#include <memory>

namespace roux {

/// The longest recipe that is read, in bytes; trees of longer ones would not fit modest machines.
inline constexpr size_t maxRecipeBytes = 16 << 20;

/// Reads one file of `sources`. Never null and never throws: what cannot be read is reported to
/// `diagnostics` and stands as an Error expression or is left out, so the rest can still be
/// checked.
std::unique_ptr<ast::File> parse(const SourceManager &sources, uint32_t file,
                                 Diagnostics &diagnostics);

} // namespace roux
