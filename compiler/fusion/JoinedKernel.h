//===- JoinedKernel.h - one kernel made of two ----------------------------===//
//
// The frame of every fusion: a kernel that takes what both take, each buffer
// once, and the launch that stands where two stood. A kernel that does not verify
// is dropped again, and the verifier's words say why.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/fusion/Launches.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace roux::kernel {

class JoinedKernel {
public:
  JoinedKernel(LaunchedKernels &kernels, LaunchOp first, LaunchOp second);
  ~JoinedKernel();

  /// Stands at the end of the body.
  mlir::OpBuilder builder;

  /// The arguments of the kernels as those of the joined one.
  mlir::IRMapping first, second;
  /// The argument for `operand` of the launch.
  mlir::Value argumentFor(mlir::Value operand);
  /// What a launch passes for `argument`.
  mlir::Value operandOf(mlir::Value argument);
  /// The argument for what `argument` stands for seen as rows of `columns`; made if there is none.
  mlir::Value seenAs(mlir::Value argument, int64_t columns);

  /// Ends the kernel and puts a launch of it before `place`, instead of both. Null, and nothing has
  /// changed, where it does not verify: `whyNot` is said then.
  LaunchOp finish(mlir::Operation *place);
  std::string whyNot;

private:
  mlir::IRMapping mapArguments(LaunchOp launch, FuncOp launched);

  LaunchOp firstLaunch, secondLaunch;
  FuncOp before; ///< the first's
  FuncOp kernel;
  llvm::SmallVector<mlir::Value> operands;
  bool isFinished = false;
};

/// "linear2.rope_half_64x64_f32" of "linear2_64x64_f32" and "rope_half_8_heads_8_f32": what is
/// done, how often, and the sizes of the first.
std::string joinedName(llvm::StringRef first, llvm::StringRef second);

} // namespace roux::kernel
