// Every operation that the import makes has the place in the recipe as its location: a kernel made
// from it names that line in its errors.
#include "compiler/frontend/Check.h"
#include "compiler/import/ImportRecipe.h"

#include "dialects/Recipe/Recipe.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"

#include <gtest/gtest.h>

using namespace roux;

TEST(ImportRecipe, KeepsThePlaceOfEveryOperation) {
  SourceManager sources;
  sources.add("a.recipe", "data docs = text(\"a.txt\", ends: both)\n"
                          "data long = docs | where(sequence.tokens > 3)\n");
  Diagnostics diagnostics(sources);
  std::optional<CheckedRecipe> checked = check(sources, 0, diagnostics);
  ASSERT_TRUE(checked) << diagnostics.text();

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module = importRecipe(context, sources, *checked);
  ASSERT_TRUE(mlir::succeeded(mlir::verify(*module)));
  size_t wheres = 0;
  module->walk([&](mlir::Operation *op) {
    auto place = mlir::dyn_cast<mlir::FileLineColRange>(op->getLoc());
    ASSERT_TRUE(place) << op->getName().getStringRef().str();
    if (mlir::isa<recipe::WhereOp, recipe::ReadOp>(op)) {
      EXPECT_EQ(place.getStartLine(), 2u);
      EXPECT_EQ(place.getFilename().str(), "a.recipe");
      ++wheres;
    }
  });
  EXPECT_EQ(wheres, 2u);
}
