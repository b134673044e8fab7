//===- Ops.td - every operation of the recipe dialect ---------------------===//
//
// mlir-tblgen makes one registration list a run, so one file includes all.
//
//===----------------------------------------------------------------------===//
include "dialects/Recipe/RecipeExpressions.td"
