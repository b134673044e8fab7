//===- KernelCost.h - what a kernel computes and moves ---------------------===//
//
// The numbers behind the kernel table: operations and bytes per unit of the
// extent, counted from the body, so that a time can be held against the
// machine's peaks.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/MeasuredKernels.h"
#include "dialects/Kernel/Kernel.h"
#include <string>

namespace roux {

/// For one unit of the extent (a row; a term of a `tn` matmul; a token of an attention). `fixed` is
/// what does not grow with the extent.
struct KernelCost {
  double operations = 0, bytes = 0;
  double fixedBytes = 0;
  /// Of those, what is for each row of a sum over all of a step's tokens (RowBody::foldsAllRows),
  /// for whose one row they count once.
  double foldedOperations = 0, foldedBytes = 0;
  /// Of attention: for each pair of a token and one that it sees. A causal segment of n tokens has
  /// n * (n + 1) / 2 pairs.
  double pairOperations = 0;
  int64_t window = 0; ///< of attention: tokens that one sees at most; 0: all before it
};

KernelCost costOf(kernel::FuncOp function);

/// Seconds of all launches of a kernel in a step: as they were measured, or as they are expected. 0
/// where it did not run.
double secondsOf(kernel::FuncOp function, const MeasuredKernels &measured);

/// The first line of the kernel table. Two spaces or more are between columns, in every line.
std::string costHeading(const MeasuredKernels *measured = nullptr);
/// A line of it: the name, operations, bytes, what bounds it on a machine that does 7 operations
/// while it moves a byte, the lines of the recipe it came from, and what is fused in it. Where it
/// was measured, or is predicted, also its milliseconds in a step (of one core, or of the GPU), and
/// the share of its bound: of the time that its operations take at the machine's best, or its bytes
/// at memory's speed, whichever is longer. More than 100 % is what the caches give.
std::string describeCost(kernel::FuncOp function, const MeasuredKernels *measured = nullptr);
/// The line behind the table: what a step takes in all.
std::string describeStep(double seconds, const MeasuredKernels &measured);

} // namespace roux
