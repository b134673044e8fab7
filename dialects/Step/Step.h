//===- Step.h - C++ face of the step dialect ------------------------------===//
//
// Everything that works on step IR includes this and nothing else of the
// dialect.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <optional>

namespace roux::step {
/// Receives an operand and a gradient of its shape; several for one operand add up.
using GradientSink = llvm::function_ref<void(mlir::Value operand, mlir::Value gradient)>;
} // namespace roux::step

#include "dialects/Step/StepEnums.h.inc"

#include "dialects/Step/StepDialect.h.inc"

#include "dialects/Step/StepInterfaces.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Step/StepAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/Step/StepOps.h.inc"

namespace roux::step {

/// The type sums are formed in: f64 for f64, else f32.
mlir::FloatType accumulationType(mlir::Type element);

/// What a tensor of `type` has a row for; none: every token, or the number of rows is known.
std::optional<Rows> rowsOf(mlir::Type type);

/// What `sum` was first added to, through all sums in place; `sum` itself where it is none.
mlir::Value accumulatedInto(mlir::Value sum);

/// `type` with its first dimension removed: one layer's slice of a stack.
mlir::RankedTensorType sliceType(mlir::Type type);
/// `type` with a first dimension of `count` added.
mlir::RankedTensorType stackType(mlir::Type type, int64_t count);

} // namespace roux::step
