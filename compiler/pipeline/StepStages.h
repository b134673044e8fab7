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
                                                 LocateNode locate, bool fuses = true);

/// The module that `text` is, under the name `path` in diagnostics. Its entries must take and give
/// what those of `expected`, the same stage of the recipe, do. Null after reporting the line and
/// the difference.
mlir::OwningOpRef<mlir::ModuleOp> readEditedStage(mlir::ModuleOp expected, llvm::StringRef text,
                                                  llvm::StringRef path);

/// A module as text that parses back to it.
std::string printModule(mlir::ModuleOp module);

} // namespace roux::step
