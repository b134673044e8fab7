//===- CompiledStep.h - a compiled model as a trainer sees it -------------===//
//
// The trainer's few questions, answered by a program on a device.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/train/ModelProgram.h"
#include "runtime/train/StepProgram.h"

namespace roux::train {

/// The columns of `batch`, which must outlive them.
StreamColumns columnsOf(const data::MicroBatch &batch);

class CompiledStep : public StepProgram {
public:
  /// `program` must outlive it, and was compiled without a clip: the trainer decides the factor.
  explicit CompiledStep(ModelProgram &program) : program(program) {}

  void beginStep() override { program.zeroGradients(); }
  double addGradient(const data::MicroBatch &batch) override;
  double gradientNorm() override;
  void update(const UpdateScalars &scalars, double factor) override;
  std::vector<TensorBytes> tensors() override;
  void tensorsChanged() override { program.stateChanged(); }
  std::vector<TensorBytes> gradients() override;

private:
  ModelProgram &program;
};

} // namespace roux::train
