//===- MeasureKernels.h - the kernels of a train, timed or counted --------===//
#pragma once

#include "compiler/codegen/MeasuredKernels.h"
#include "compiler/tools/StepMemory.h"
#include "runtime/train/ModelProgram.h"

namespace roux {

/// Runs the first micro-batch of `train` as a step, on fresh weights, which take as long as any.
/// The third time is what is told: the first touches the memory. Throws std::runtime_error after
/// saying on stderr why a step does not compile.
MeasuredKernels measureKernels(const SourceManager &sources, const CheckedRecipe &recipe,
                               const CheckedDefinition &train, const FittedStep &fitted,
                               const TrainingData &data);

/// The same with a program that has trained, whose weights and moments are of no use afterwards.
MeasuredKernels measureKernels(train::ModelProgram &program, const CheckedDefinition &train,
                               const FittedStep &fitted, const TrainingData &data);

/// What kernels are launched on the GPU that the step is for, and what they will take there. Runs
/// nothing, and needs no GPU. Without data the micro-batch is one sequence. None where nobody has
/// measured such a GPU, or kernels of such a type on it.
std::optional<MeasuredKernels> predictKernels(const CheckedDefinition &train,
                                              const FittedStep &fitted, const TrainingData *data);

} // namespace roux
