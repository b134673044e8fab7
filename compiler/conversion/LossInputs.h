//===- LossInputs.h - what a loss reads, and its region -------------------===//
//
// A `loss:` reads token.nll and token.logsumexp, which the kernel has at hand,
// and may read numbers known before the launch. This tells them apart and fills
// the region of `step.cross_entropy`.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/ExpressionToArith.h"

#include <string>
#include <vector>

namespace roux::step {

/// A number that a loss reads beside token.nll and token.logsumexp.
struct LossInput {
  Scope scope;
  Attribute attribute;
  std::string name; ///< as a recipe spells it: "step.progress"
  bool perToken;    ///< a column; else one number for the whole launch
};

/// The inputs of `loss`, each once, in the order they are first read. Reports an attribute that no
/// launch can be given (a text, a score). Null or empty: none.
llvm::FailureOr<std::vector<LossInput>> lossInputs(const Expression *loss, LocateNode locate);

/// Fills `region` with a block that takes nll, logsumexp and `inputs` and yields the loss of one
/// token; null or empty is token.nll itself.
llvm::LogicalResult buildFormula(const Expression *loss, const std::vector<LossInput> &inputs,
                                 mlir::Region &region, mlir::FloatType type, mlir::Location place,
                                 LocateNode locate);

} // namespace roux::step
