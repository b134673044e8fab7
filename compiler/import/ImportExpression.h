//===- ImportExpression.h - from formulas to regions ----------------------===//
//
// A checked expression becomes a region of arith and math around the operations
// that read the recipe's scopes.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/import/ImportValue.h"

namespace roux {

/// Fills `region` with `expression`, ending in `recipe.result` of a truth (i1) where `truth`, else
/// of a number (f64) or a text.
void importExpression(const ValueImporter &values, const Expression &expression, bool truth,
                      mlir::Region &region);

} // namespace roux
