//===- ScalarDerivative.h - derivatives of a recipe's formula -------------===//
//
// A `loss:` is a small block of arith and math on scalars. Its derivatives are
// built symbolically, forward mode, so a new function of the language needs one
// rule here and works in every loss.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/Builders.h"

namespace roux::step {

/// Fills the empty region `target` with a block that takes what `formula`'s block takes and yields
/// the partial derivatives of its one yielded value with respect to the first `count` arguments. A
/// comparison or a select's condition counts as constant. Fails, with an error at the operation,
/// where one that depends on those arguments has no rule.
llvm::LogicalResult buildDerivatives(mlir::Region &formula, unsigned count, mlir::Region &target,
                                     mlir::OpBuilder &builder);

} // namespace roux::step
