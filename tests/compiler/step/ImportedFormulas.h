//===- ImportedFormulas.h - formulas as a train's regions -----------------===//
//
// Tests say losses and weights as the checker does; a step is built of what the
// importer makes of them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/step/ModelToStep.h"
#include "compiler/import/ImportExpression.h"

namespace roux::step::reference {

/// The regions that a request reads, which must outlive it. Empty formulas are left out.
class ImportedFormulas {
public:
  ImportedFormulas(mlir::MLIRContext &context, const Expression *loss, const WeightFormula &weight)
      : hasLoss(loss && !loss->empty()), hasWeight(!weight.formula.empty()) {
    auto nowhere = mlir::UnknownLoc::get(&context);
    auto locate = [&](const Expression::Node &) -> mlir::Location { return nowhere; };
    if (hasLoss)
      importExpression(context, *loss, /*truth=*/false, lossRegion, locate);
    if (hasWeight)
      importWeight(nowhere, weight, weightRegion, locate);
  }

  void give(StepRequest &request) {
    request.loss = hasLoss ? &lossRegion : nullptr;
    request.weight = hasWeight ? &weightRegion : nullptr;
  }

private:
  bool hasLoss, hasWeight;
  mlir::Region lossRegion, weightRegion;
};

} // namespace roux::step::reference
