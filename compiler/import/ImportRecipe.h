//===- ImportRecipe.h - from a checked recipe to the recipe dialect -------===//
//
// The only way from the front end into MLIR. What is checked is final: the
// import fills in nothing and refuses nothing.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace roux {

/// The module that `recipe` says. Every operation has the place it was written at as its location.
mlir::OwningOpRef<mlir::ModuleOp>
importRecipe(mlir::MLIRContext &context, const SourceManager &sources, const CheckedRecipe &recipe);

} // namespace roux
