//===- CompiledStep.h - a compiled model as a trainer sees it -------------===//
//
// The trainer's few questions, answered by a program on a device.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/SeedTree.h"
#include "runtime/train/ModelProgram.h"
#include "runtime/train/StepProgram.h"

namespace roux::train {

/// The columns of `batch`, which must outlive them.
StreamColumns columnsOf(const data::MicroBatch &batch);

/// What adapters draw by in a step, of each of the tokens that `batch` names: the same wherever
/// the token is laid out.
std::vector<int32_t> noiseOf(const data::MicroBatch &batch, const data::SeedTree &seed);

class CompiledStep : public StepProgram {
public:
  /// `program` must outlive it, and was compiled without a clip: the trainer decides the factor.
  /// `seed`: of what adapters leave out.
  explicit CompiledStep(ModelProgram &program, data::SeedTree seed = data::SeedTree(0))
      : program(program), seed(seed) {}

  void beginStep() override;
  void addGradient(const data::MicroBatch &batch) override;
  StepNumbers numbers() override;
  void update(const UpdateScalars &scalars, double factor) override;
  std::vector<TensorBytes> tensors() override;
  void tensorsChanged() override { program.stateChanged(); }
  std::vector<TensorBytes> gradients() override;
  std::map<std::string, std::string> kernelChoices() const override {
    return program.kernelChoices();
  }
  void useKernelChoices(const std::map<std::string, std::string> &choices) override {
    program.useKernelChoices(choices);
  }

private:
  ModelProgram &program;
  data::SeedTree seed;
  std::vector<bool> hasTargets; ///< of each micro-batch of the step
};

} // namespace roux::train
