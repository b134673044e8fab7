//===- StepStages.h - the step, grad and fuse stages of the pipeline ------===//
//
// What `roux inspect --emit=step`, `grad` and `fuse` show, and where every later
// stage begins: a model's shape and a recipe's loss in, a verified module out.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/ModelToStep.h"

#include <string>

namespace roux::step {

enum class StepStage : uint8_t {
  Step, ///< the forward entries and the update
  Grad, ///< the same, with @train_grad where the request trains
  Fuse, ///< the same, with operations joined that one kernel does
};

/// Imports `request` and runs the pipeline up to `last`. Null after reporting why to the context's
/// diagnostic handlers.
mlir::OwningOpRef<mlir::ModuleOp> buildStepStage(mlir::MLIRContext &context,
                                                 const StepRequest &request, StepStage last,
                                                 LocateNode locate);

/// Adds @train_grad to the step of a model. Fails with a diagnostic.
mlir::LogicalResult differentiate(mlir::ModuleOp module);

/// Joins operations that one kernel does. Fails with a diagnostic.
mlir::LogicalResult fuse(mlir::ModuleOp module);

/// The module that `text` is, under the name `path` in diagnostics. Its entries must take and give
/// what those of `expected`, the same stage of the recipe, do. Null after reporting the line and
/// the difference.
mlir::OwningOpRef<mlir::ModuleOp> readEditedStage(mlir::ModuleOp expected, llvm::StringRef text,
                                                  llvm::StringRef path);

/// A module as text that parses back to it.
std::string printModule(mlir::ModuleOp module);

} // namespace roux::step
