//===- EditedRecipe.cpp - a recipe's IR, edited and read back -------------===//
//
// Of a train's text its loss and weight are read. What else is in it, the optimizer's rates,
// data, batches and what the loader works out, is read from the recipe itself, so an edit of
// it would do nothing, or half of what it says. How a run is done is not compared: the
// command line says it, too.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/StepStages.h"

#include "compiler/conversion/step/FormulasToStep.h"
#include "mlir/IR/OperationSupport.h"

using namespace mlir;
using namespace roux;

/// A copy of `definition`; of `train` without what may be edited.
static OwningOpRef<Operation *> whatStays(Operation &definition, StringRef train) {
  OwningOpRef<Operation *> copy(definition.clone());
  auto edited = dyn_cast<recipe::TrainOp>(copy.get());
  if (!edited || edited.getSymName() != train)
    return copy;
  for (Region *formula : {&edited.getLoss(), &edited.getWeight()}) {
    formula->dropAllReferences();
    formula->getBlocks().clear();
  }
  return copy;
}

/// Inputs are worked out by the loader; one of another name has no argument, which is found later.
static LogicalResult compareInputs(recipe::TrainOp expected, recipe::TrainOp edited) {
  SmallVector<recipe::InputOp> own = step::inputsOf({&expected.getWeight(), &expected.getLoss()});
  auto isOwn = [&](recipe::InputOp input) {
    return llvm::all_of(own, [&](recipe::InputOp each) {
      return each.getName() != input.getName() ||
             OperationEquivalence::isEquivalentTo(each, input,
                                                  OperationEquivalence::IgnoreLocations);
    });
  };
  for (Region *formula : {&edited.getWeight(), &edited.getLoss()})
    for (auto input : formula->getOps<recipe::InputOp>())
      if (!isOwn(input))
        return emitError(input.getLoc())
               << "'" << input.getName()
               << "' is worked out as the recipe says it; only what is outside of inputs may be "
                  "edited";
  return success();
}

/// All but how runs are done.
static auto definitionsOf(ModuleOp recipe) {
  return llvm::make_filter_range(*recipe.getBody(),
                                 [](Operation &op) { return !isa<recipe::RunOp>(op); });
}

LogicalResult roux::step::compareRecipes(ModuleOp expected, ModuleOp edited, StringRef train) {
  auto ownOnes = definitionsOf(expected), editedOnes = definitionsOf(edited);
  auto own = ownOnes.begin(), end = ownOnes.end();
  for (Operation &definition : editedOnes) {
    bool isThere = own != end;
    if (!isThere || !OperationEquivalence::isEquivalentTo(*whatStays(*own, train),
                                                          *whatStays(definition, train),
                                                          OperationEquivalence::IgnoreLocations))
      return emitError(definition.getLoc())
             << "is not as the recipe says it; only loss and weight of train '" << train
             << "' are read from here";
    ++own;
  }
  if (own == end)
    return compareInputs(expected.lookupSymbol<recipe::TrainOp>(train),
                         edited.lookupSymbol<recipe::TrainOp>(train));
  return emitError(edited.getLoc())
         << "lacks the recipe's '" << own->getName() << "' behind "
         << std::distance(editedOnes.begin(), editedOnes.end()) << " definitions";
}

void roux::step::takeRun(ModuleOp from, ModuleOp edited) {
  for (auto run : llvm::make_early_inc_range(edited.getOps<recipe::RunOp>()))
    run.erase();
  for (auto run : from.getOps<recipe::RunOp>())
    edited.push_back(run->clone());
}
