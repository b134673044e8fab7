//===- RecipeLines.h - each instruction at one line of the recipe ----------===//
#pragma once

#include "compiler/codegen/LinedCode.h"
#include "mlir/IR/Location.h"

namespace llvm {
class Module;
} // namespace llvm

namespace roux {

/// The first line that `place` names.
RecipeLine recipeLineOf(mlir::Location place);

/// Gives every instruction of `code`, optimised, a line, where its function has one.
void fillLines(llvm::Module &code);

} // namespace roux
