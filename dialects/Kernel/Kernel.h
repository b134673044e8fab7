//===- Kernel.h - C++ face of the kernel dialect --------------------------===//
//
// The ops of KernelBody.td and KernelHost.td, and the few questions about their
// shapes that more than one lowering asks.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Kernel/KernelDialect.h.inc"
#include "dialects/Kernel/KernelEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Kernel/KernelAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/Kernel/KernelOps.h.inc"

namespace roux::kernel {

/// The rows that a row body's op works on; null for an op on scalars.
mlir::VectorType rowType(mlir::Type type);

/// Fails, and says why, where `region` is not a row body that a lowering may cut into chunks:
/// `reductions` allows kernel.reduce, `stores` allows kernel.store.
mlir::LogicalResult verifyRowBody(mlir::Region &region, bool reductions, bool stores);

/// The arguments of `function` that are stored to while other work items still read operands:
/// pairs (stored, read) that one launch must not give the same buffer. Empty except for matmuls.
llvm::SmallVector<std::pair<unsigned, unsigned>> argumentsKeptApart(FuncOp function);

} // namespace roux::kernel
