//===- KernelCost.h - what a kernel computes and moves ---------------------===//
//
// The numbers behind the kernel table: operations and bytes per unit of the
// extent, counted from the body, so that a time can be held against the
// machine's peaks.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Kernel/Kernel.h"
#include <string>

namespace roux {

/// For one unit of the extent (a row; a term of a `tn` matmul; an attention item knows its own size
/// only when it runs and counts zero). `fixed` is what does not grow with the extent.
struct KernelCost {
  double operations = 0, bytes = 0;
  double fixedBytes = 0;
};

KernelCost costOf(kernel::FuncOp function);

/// One line: the name, what is fused in it, operations, bytes, what bounds it on a machine that
/// does 7 operations while it moves a byte, and the lines of the recipe it came from.
std::string describeCost(kernel::FuncOp function);

} // namespace roux
