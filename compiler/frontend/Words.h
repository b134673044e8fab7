//===- Words.h - the reserved words ---------------------------------------===//
//
// Few words are reserved, and only as the names of definitions; everywhere else
// a word is told by what stands around it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/AST.h"

#include <optional>
#include <string>

namespace roux {

/// The kind of definition that `word` begins.
std::optional<ast::Kind> kindNamed(std::string_view word);
/// "; did you mean 'model'?" for a word that is nearly a kind, or "".
std::string nearestKind(std::string_view word);
/// The kind that `word` was probably meant to be.
std::optional<ast::Kind> nearestKindOf(std::string_view word);
/// What `word` is reserved as ("a kind", "a scope", "a word of the language"), or "".
std::string_view reservedAs(std::string_view word);
/// True for words that join or begin expressions and so can never be a value: then, or, in, let…
bool isConnective(std::string_view word);

} // namespace roux
