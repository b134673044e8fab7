//===- Passes.h - conversions from one dialect to the next ----------------===//
//
// Declares what Passes.td describes, and registerConversionPasses() for
// roux-opt.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace roux {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/conversion/Passes.h.inc"
} // namespace roux
