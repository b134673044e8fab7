//===- Passes.h - transformations of step IR ------------------------------===//
//
// Declares what Passes.td describes, and registerStepPasses() for roux-opt.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Step/Step.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace roux::step {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/Passes.h.inc"
} // namespace roux::step
