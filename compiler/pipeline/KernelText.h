//===- KernelText.h - a kernel as the text of any later stage -------------===//
//
// What `roux inspect --emit=llvm|asm|ptx` and roux-translate print.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/MeasuredKernels.h"
#include "compiler/pipeline/ListedKernels.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"

#include <functional>
#include <string>
#include <vector>

namespace roux {

/// What a line of a recipe says; empty where that is not known.
using TextOfLine = std::function<std::string(const RecipeLine &)>;

/// How kernels are to be written, for which machine.
struct KernelTextOptions {
  std::string stage = "kernel"; ///< `kernel`, or one of Stages.h that is a text a kernel
  std::string kernel = {};      ///< its name; empty: all of them
  std::string machine = {};     ///< a known target's; empty: this processor's
  std::string architecture = "sm_90a";
  const MeasuredKernels *measured = nullptr; ///< of `table`: how they did; null: nobody looked
  TextOfLine textOf = nullptr;               ///< of `sass`
  std::string cacheFolder = {};              ///< where PTX is kept; empty: nowhere
  bool showsForms = false;                   ///< of `table`: what a library could stand in for
};

/// A kernel's name, and its text under a heading; of `ptx` one text without a name, a module of
/// all.
struct KernelText {
  std::string kernel, text;
};

/// The kernels of `module` that are asked for, of any stage but `table`. Fails with a diagnostic.
mlir::FailureOr<std::vector<KernelText>> kernelTexts(mlir::ModuleOp module,
                                                     const KernelTextOptions &options);

/// The kernels that are asked for, as they are on a GPU, in each form and line by line. Fails with
/// a diagnostic.
mlir::FailureOr<ListedKernels> listedKernels(mlir::ModuleOp module,
                                             const KernelTextOptions &options);

/// Writes all of them, of any stage. Fails with a diagnostic.
mlir::LogicalResult printKernels(mlir::ModuleOp module, const KernelTextOptions &options,
                                 llvm::raw_ostream &out);

} // namespace roux
