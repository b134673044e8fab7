//===- MathAccuracy.cpp - which maths is a polynomial and which a call ----===//
//
// exp, log and their like decide how far a compiled loss may be from the
// evaluator's, so the choice is made in one place. MLIR's f32 approximations are
// within a few units in the last place over the range training uses;
// tests/compiler/codegen/MathTest measures each against double. Functions without
// one are called one lane at a time.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/Passes.h"

#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace roux {
#define GEN_PASS_DEF_EXPANDKERNELMATH
#include "compiler/codegen/Passes.h.inc"
} // namespace roux

using namespace mlir;

namespace {
struct ExpandKernelMath : roux::impl::ExpandKernelMathBase<ExpandKernelMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    static constexpr StringLiteral polynomials[] = {"math.exp", "math.log",   "math.tanh",
                                                    "math.erf", "math.expm1", "math.log1p"};
    populateMathPolynomialApproximationPatterns(
        patterns, [](StringRef name) { return llvm::is_contained(polynomials, name); });
    arith::populateExpandBFloat16Patterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
