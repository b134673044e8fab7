//===- FormulasToStep.h - a recipe's loss and weight as a step's regions --===//
//
// A `loss:` reads token.nll and token.logsumexp, which the kernel has at hand; a
// `weight:` may also read inputs, numbers known before the launch. This fills the
// two regions of `step.cross_entropy` with those of a train, and that of
// `step.pair_loss`, whose formula is both.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Recipe/Recipe.h"

namespace roux::step {

/// The `recipe.input`s that formulas of a train read, each name once, in the order of reading.
llvm::SmallVector<recipe::InputOp> inputsOf(llvm::ArrayRef<mlir::Region *> formulas);

/// True if `loss` is one of pairs of answers.
bool readsPairs(mlir::Region &loss);

/// Where the value of `formula` was written.
mlir::Location placeOf(mlir::Region &formula);

/// Fills `region` with a block that takes nll and logsumexp as `type` and yields the loss of one
/// token; null is token.nll itself. Reports at its place what a kernel cannot compute.
llvm::LogicalResult buildLoss(mlir::Region *loss, mlir::Region &region, mlir::FloatType type,
                              mlir::Location place);

/// Fills `region` with a block that takes nll, logsumexp and the inputs as f64 and yields the
/// weight of one token; null is 1. Reports at its place what a kernel cannot compute.
llvm::LogicalResult buildWeight(mlir::Region *weight, mlir::Region &region, mlir::Location place);

/// Fills `region` with a block that takes, as f64, the likelihoods of a chosen and of a rejected
/// answer and the inputs of both formulas, and yields the weighted loss of the pair. Reports at its
/// place what a kernel cannot compute.
llvm::LogicalResult buildPairLoss(mlir::Region &weight, mlir::Region &loss, mlir::Region &region);

} // namespace roux::step
