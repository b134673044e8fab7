//===- Literal.h - what a number or a text says ---------------------------===//
//
// The lexer finds where a literal ends; its meaning (suffixes, escapes) is read
// here, once, when the tree is made.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/AST.h"
#include "compiler/frontend/Diagnostic.h"

namespace roux {

/// Reads `spelled`, a Number token at `range`; reports an unknown suffix or a number that cannot be
/// held and returns null. Does not set `range` in the node.
ast::Number *readNumber(std::string_view spelled, SourceRange range, ast::File &into,
                        Diagnostics &diagnostics);

/// Reads `spelled`, a Text token at `range` with its quotes; reports unknown escapes and goes on.
ast::Text *readText(std::string_view spelled, SourceRange range, ast::File &into,
                    Diagnostics &diagnostics);

/// The unit that `word` names, or Unit::None.
ast::Unit unitNamed(std::string_view word);
/// "; did you mean 'tokens'?" for a word that is nearly a unit, or "".
std::string nearestUnit(std::string_view word);

} // namespace roux
