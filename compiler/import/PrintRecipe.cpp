//===- PrintRecipe.cpp - the resolved recipe as text ----------------------===//
//
// Imports, verifies, prints. A module that does not verify is a mistake of ours
// and is never shown as if it were the recipe.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/PrintRecipe.h"
#include "compiler/import/ImportRecipe.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace roux {

std::string printRecipe(const SourceManager &sources, const CheckedRecipe &recipe) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  OwningOpRef<ModuleOp> module = importRecipe(context, sources, recipe);
  if (failed(verify(*module)))
    return "";
  std::string text;
  llvm::raw_string_ostream out(text);
  module->print(out);
  return text + "\n";
}

} // namespace roux
