//===- StepStages.h - a model's step, imported and taken further ----------===//
//
// Where every stage begins: a model's shape and a recipe's loss in, a verified
// module out, which may be exchanged for its text, edited.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/step/ModelToStep.h"

#include <string>

namespace roux::step {

/// Imports `request` and runs the pipeline up to `stage`: step, grad, fuse or kernel. Null after
/// reporting why to the context's diagnostic handlers.
mlir::OwningOpRef<mlir::ModuleOp> buildStepStage(mlir::MLIRContext &context,
                                                 const StepRequest &request, llvm::StringRef stage,
                                                 bool fuses = true);

/// The module that `text` is, under the name `path` in diagnostics; null after reporting the line.
mlir::OwningOpRef<mlir::ModuleOp> readEdited(mlir::MLIRContext *context, llvm::StringRef text,
                                             llvm::StringRef path);

/// Whether entries of `edited` take and give what those of `expected`, the same stage of the
/// recipe, do. Fails after reporting line and difference.
mlir::LogicalResult compareStages(mlir::ModuleOp expected, mlir::ModuleOp edited);

/// Whether `edited` says what `expected`, the recipe, does but for loss and weight of
/// `train`, and for how runs are done. Fails after reporting where it does not.
mlir::LogicalResult compareRecipes(mlir::ModuleOp expected, mlir::ModuleOp edited,
                                   llvm::StringRef train);

/// Has `edited` say of how runs are done what `from` does: the command line may have said other
/// than when the text was printed.
void takeRun(mlir::ModuleOp from, mlir::ModuleOp edited);

/// A module as text that parses back to it.
std::string printModule(mlir::ModuleOp module);

} // namespace roux::step
