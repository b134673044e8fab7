//===- Recipe.h - the recipe dialect: what was asked ----------------------===//
//
// The C++ side of the operations in this folder's .td files, for whoever builds
// or reads recipe IR.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Recipe/RecipeDialect.h.inc"
#include "dialects/Recipe/RecipeEnums.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Recipe/RecipeTypes.h.inc"

namespace roux::recipe {
using mlir::FloatAttr;
using mlir::StringAttr;
} // namespace roux::recipe

#define GET_ATTRDEF_CLASSES
#include "dialects/Recipe/RecipeAttrs.h.inc"

namespace roux::recipe {

// What the constraints of Recipe.td ask of a value.
bool isNumber(mlir::Attribute value, llvm::ArrayRef<llvm::StringRef> measures);
bool isRange(mlir::Attribute value, llvm::ArrayRef<llvm::StringRef> measures);
bool isWord(mlir::Attribute value, llvm::ArrayRef<llvm::StringRef> words);
bool isOption(mlir::Attribute value, llvm::ArrayRef<llvm::StringRef> names);

} // namespace roux::recipe

#define GET_OP_CLASSES
#include "dialects/Recipe/RecipeOps.h.inc"
