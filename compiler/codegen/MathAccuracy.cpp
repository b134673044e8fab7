//===- MathAccuracy.cpp - which maths is a polynomial and which a call ----===//
//
// MLIR's f32 approximations are within a few units in the last place over the
// range training uses; tests/compiler/codegen/MathTest measures each against
// double. Functions without one are called one lane at a time.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/MathAccuracy.h"

#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

LogicalResult roux::expandMath(ModuleOp module) {
  RewritePatternSet patterns(module.getContext());
  static constexpr StringLiteral polynomials[] = {"math.exp", "math.log",   "math.tanh",
                                                  "math.erf", "math.expm1", "math.log1p"};
  populateMathPolynomialApproximationPatterns(
      patterns, [](StringRef name) { return llvm::is_contained(polynomials, name); });
  arith::populateExpandBFloat16Patterns(patterns);
  return applyPatternsGreedily(module, std::move(patterns));
}
