//===- StepStages.h - the step and grad stages of the pipeline ------------===//
//
// What `roux inspect --emit=step` and `--emit=grad` show, and where every later
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
};

/// Imports `request` and runs the pipeline up to `last`. Null after reporting why to the context's
/// diagnostic handlers.
mlir::OwningOpRef<mlir::ModuleOp> buildStepStage(mlir::MLIRContext &context,
                                                 const StepRequest &request, StepStage last,
                                                 LocateNode locate);

/// A module as text that parses back to it.
std::string printModule(mlir::ModuleOp module);

} // namespace roux::step
