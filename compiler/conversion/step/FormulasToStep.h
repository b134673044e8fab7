//===- FormulasToStep.h - a recipe's loss and weight as a step's regions --===//
//
// A `loss:` reads token.nll and token.logsumexp, which the kernel has at hand; a
// `weight:` may also read inputs, numbers known before the launch. This fills the
// two regions of `step.cross_entropy` with what the importer makes of them, and that of
// `step.pair_loss`, whose formula is both.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/import/ImportExpression.h"
#include "runtime/WeightFormula.h"

namespace roux::step {

/// Fills `region` with a block that takes nll and logsumexp as `type` and yields the loss of one
/// token; null or empty is token.nll itself. Reports at its place what a kernel cannot compute.
llvm::LogicalResult buildLoss(const Expression *loss, mlir::Region &region, mlir::FloatType type,
                              mlir::Location place, LocateNode locate);

/// Fills `region` with a block that takes nll, logsumexp and the inputs as f64 and yields the
/// weight of one token; null or empty is 1. Reports at its place what a kernel cannot compute.
llvm::LogicalResult buildWeight(const WeightFormula *weight, mlir::Region &region,
                                mlir::Location place, LocateNode locate);

/// Fills `region` with a block that takes, as f64, the likelihoods of a chosen and of a rejected
/// answer and the inputs, and yields the weighted loss of the pair. Reports at its place what a
/// kernel cannot compute.
llvm::LogicalResult buildPairLoss(const WeightFormula &loss, mlir::Region &region,
                                  mlir::Location place, LocateNode locate);

} // namespace roux::step
