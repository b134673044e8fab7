//===- KeptValues.h - what of a layer is kept for its gradient ------------===//
//
// Every value that is kept saves computing it again and costs memory for every
// token and layer. Between keeping all and computing whole layers again lies the
// choice of single values, cheapest first.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace roux::step {

/// A value that its layer's gradient computes again.
struct ComputedAgain {
  mlir::Value value;
  int64_t operations = 0; ///< a token, beyond what is computed again for those before it
  int64_t bytes = 0;      ///< a token, that need not be kept
};

/// The `most` of `read`, values of `layer`'s body, that take the fewest operations a byte to
/// compute again from the layer's arguments and the rest of `read`; in the order in which they are
/// chosen.
llvm::SmallVector<ComputedAgain>
chooseComputedAgain(mlir::func::FuncOp layer, llvm::ArrayRef<mlir::Value> read, int64_t most);

} // namespace roux::step
