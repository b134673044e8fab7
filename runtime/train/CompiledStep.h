//===- CompiledStep.h - a compiled model as a trainer sees it -------------===//
//
// The trainer's few questions, answered by a program on the CPU.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/train/ModelProgram.h"
#include "runtime/train/StepProgram.h"

#include <functional>

namespace roux::train {

/// What a loss reads of its step beside what the model says, by the name a recipe spells it with.
using StepScalars = std::function<std::map<std::string, double>(uint64_t step)>;

/// The columns of `batch`, which must outlive them.
StreamColumns columnsOf(const data::MicroBatch &batch);

class CompiledStep : public StepProgram {
public:
  /// `program` must outlive it, and was compiled without a clip: the trainer decides the factor.
  CompiledStep(ModelProgram &program, StepScalars scalars)
      : program(program), scalars(std::move(scalars)) {}

  void beginStep() override { program.zeroGradients(); }
  double addGradient(const data::MicroBatch &batch) override;
  double gradientNorm() override;
  void update(const UpdateScalars &scalars, double factor) override;
  std::vector<TensorBytes> tensors() override;
  void tensorsChanged() override {}
  std::vector<TensorBytes> gradients() override;

private:
  ModelProgram &program;
  StepScalars scalars;
};

} // namespace roux::train
