//===- Launches.h - which launches may stand beside each other ------------===//
//
// Joining two launches means running them at one place, so what lies between them
// must not notice. Buffers are told apart by what they are views of.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Kernel/Kernel.h"

#include <optional>
#include <string>

namespace roux::kernel {

/// What a kernel's name was before a number told it apart from others.
inline constexpr llvm::StringLiteral baseNameAttribute = "base_name";
llvm::StringRef baseName(FuncOp kernel);

/// Neither a matmul nor an attention.
bool isRowKernel(FuncOp kernel);

/// What a kernel does to an argument.
struct ArgumentUse {
  bool reads = false, writes = false;
};
llvm::SmallVector<ArgumentUse> usesOf(FuncOp kernel);

/// The kernels of launches, each looked up and looked through once: while this lives none may be
/// erased or changed.
class LaunchedKernels {
public:
  FuncOp of(LaunchOp launch) { return find(launch).kernel; }
  llvm::ArrayRef<ArgumentUse> usesOf(LaunchOp launch) { return find(launch).uses; }
  /// True if one of them writes what the other touches.
  bool depend(LaunchOp launch, LaunchOp other);
  /// True if a launch, other than `besides`, reads of `buffer` or of what it is part of.
  bool isRead(mlir::Value buffer, LaunchOp besides = {});
  /// Where `first` and `second`, which comes later in the same block, may run together: before the
  /// operation that is given. What `second` is passed is moved there. None if something between
  /// them is in the way.
  std::optional<mlir::Operation *> placeOfBoth(LaunchOp first, LaunchOp second);

private:
  struct Kernel {
    FuncOp kernel;
    llvm::SmallVector<ArgumentUse> uses;
  };
  Kernel &find(LaunchOp launch);
  bool isReadThrough(mlir::Value buffer, LaunchOp besides);
  bool passes(LaunchOp launch, mlir::Operation *after, mlir::Operation *before);

  llvm::DenseMap<mlir::Attribute, std::unique_ptr<Kernel>> kernels; ///< by their symbols
};

/// `buffer` before it was seen as rows of another length.
mlir::Value storageOf(mlir::Value buffer);
/// False if no element is in both.
bool mayOverlap(mlir::Value buffer, mlir::Value other);

/// Makes one of two launches, of which the second comes later, and returns it. Null: they stay two;
/// `whyNot` is left empty where nobody would expect anything else.
using Join = llvm::function_ref<LaunchOp(LaunchedKernels &kernels, LaunchOp first, LaunchOp second,
                                         std::string &whyNot)>;

/// Offers each two launches of a block to `join` until it makes no more of them one. What it joined
/// and what it declined become remarks `name` of category `fuse`.
void joinLaunches(mlir::ModuleOp module, llvm::StringLiteral name, Join join);

} // namespace roux::kernel
