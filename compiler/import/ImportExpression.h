//===- ImportExpression.h - from formulas to regions ----------------------===//
//
// A checked expression becomes a region of arith and math around the operations
// that read the recipe's scopes.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Recipe/Recipe.h"
#include "runtime/Expression.h"
#include "runtime/WeightFormula.h"

namespace roux {

/// Where a node was written.
using LocateNode = llvm::function_ref<mlir::Location(const Expression::Node &)>;

/// Fills `region` with `expression`, ending in `recipe.result` of a truth (i1) where `truth`, else
/// of a number (f64) or a text.
void importExpression(mlir::MLIRContext &context, const Expression &expression, bool truth,
                      mlir::Region &region, LocateNode locate);

/// Fills `region` with a number, `formula`, whose inputs become `recipe.input`s; an empty formula
/// is 1, which is at `place`.
void importWeight(mlir::Location place, const WeightFormula &formula, mlir::Region &region,
                  LocateNode locate);

} // namespace roux
