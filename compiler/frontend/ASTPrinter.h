//===- ASTPrinter.h - a recipe's tree as text -----------------------------===//
//
// `roux inspect --emit=ast`, and the tests' way to say that two texts mean the
// same: the formatter must not change this print.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/AST.h"

#include <string>

namespace roux {

/// One node a line, children indented below; ends each line with its place when `sources` is given.
/// Parentheses that only group are printed, because they were written.
std::string printAST(const ast::File &file, const SourceManager *sources);

} // namespace roux
