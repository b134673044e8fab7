//===- Nouns.h - what things are called to the author ---------------------===//
//
// "expected tokens, found steps": both halves of every message come from here,
// so that one thing has one name in all of them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Constructs.h"

#include <string>

namespace roux {

/// What was written: "a text", "5 steps", "the model 'base'".
std::string nounFor(const ast::Expr *expr);
std::string nounFor(const CheckedValue &value);
/// What a kind of definition makes: "a model".
std::string nounFor(ast::Kind kind);
/// The plural of a measure: "tokens", "a percentage".
std::string nounFor(Measure measure);
/// What may stand for a parameter: "tokens", "one of next, first, best".
std::string expected(const Parameter &parameter);
/// "a, b or c".
std::string oneOf(std::vector<std::string> names);
/// A construct as the author knows it: a model's block has no name of its own.
std::string shownName(std::string_view construct);
/// "'lr' of adamw", or "the value" of a definition.
std::string nameOf(const Parameter &parameter, std::string_view owner);
Measure measureOf(ast::Unit unit);

} // namespace roux
