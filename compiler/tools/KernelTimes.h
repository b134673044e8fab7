//===- KernelTimes.h - how a training's kernels did -----------------------===//
//
// Measured while the program is still there, and kept beside the weights: the report
// of next week shows what this machine did today.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/tools/MeasureKernels.h"

namespace roux {

struct KernelTimes {
  double peak = 0;      ///< of products on one core, in the step's type, GFLOP/s
  unsigned threads = 0; ///< that the training had
  std::string table;    ///< as `inspect --emit=table --measure` prints it
};

/// Writes kernels.txt into `folder`: what three steps of the first micro-batch take on `program`,
/// whose training is over and made `steps`. Leaves it be, and says so, where that would be a
/// noticeable part of the training, and on devices whose peak nobody knows.
void keepKernelTimes(const CheckedRecipe &recipe, const CheckedDefinition &train,
                     const FittedStep &fitted, const TrainingData &data,
                     train::ModelProgram &program, uint64_t steps,
                     const std::filesystem::path &folder);

/// None where there are none.
std::optional<KernelTimes> readKernelTimes(const std::filesystem::path &folder);

} // namespace roux
