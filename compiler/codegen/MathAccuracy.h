//===- MathAccuracy.h - which maths is a polynomial and which a call ------===//
//
// exp, log and their like decide how far a compiled loss may be from the
// evaluator's, so the choice is made in one place.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"

namespace roux {

/// Replaces maths on f32 by polynomials that vectorise (errors in MathAccuracy.cpp), and bf16
/// conversions by integer arithmetic. Maths on f64 stays, to be called.
mlir::LogicalResult expandMath(mlir::ModuleOp module);

} // namespace roux
