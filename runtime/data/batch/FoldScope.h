//===- FoldScope.h - what is the same for a whole row, computed once ------===//
//
// `sequence.targets ^ -a / sum(… over step)` names a sum over the step in every
// sequence. Folding replaces whatever does not change inside a row by its number,
// with the one evaluator, so weights cost what they must and mean the same.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Expression.h"

namespace roux::data {

/// `expression` with every part that reads nothing narrower than `row` replaced by its value in
/// `environment`, a row of that scope. Parts that are texts or lists stay, and an expression with
/// random draws stays whole.
Expression foldScope(const Expression &expression, const Environment &environment, Scope row);

} // namespace roux::data
