//===- RecipeToStep.h - one train of a recipe as the step it repeats ------===//
//
// The pass, for whoever has read the model's shape already.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/ModelConfig.h"

#include "mlir/Pass/Pass.h"

namespace roux {

/// What of a step is in no recipe, or is settled once it is known what fits.
struct TrainedStep {
  std::string train;
  const model::ModelConfig *config = nullptr; ///< which outlives the pass
  std::string configFile = {};                ///< else it is read from there
  bool saves = false;                         ///< activations, for their gradient
  int64_t again = 0;                          ///< values of a layer that are computed again
};

std::unique_ptr<mlir::Pass> createStepOfTrain(const TrainedStep &step);

} // namespace roux
