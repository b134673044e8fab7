//===- CompiledStep.h - a compiled model as a trainer sees it -------------===//
//
// Between the two: columns of a micro-batch become those of a program, and the
// program's tensors become a checkpoint's.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/train/ModelProgram.h"
#include "runtime/train/StepProgram.h"

#include <functional>

namespace roux::train {

/// What `loss:` may read of a step ("step.tokens", "step.progress", …), by its number.
using StepScalars = std::function<std::map<std::string, double>(uint64_t step)>;

/// The columns of `batch`, which must outlive them.
StreamColumns columnsOf(const data::MicroBatch &batch);

class CompiledStep : public StepProgram {
public:
  /// `program` must outlive it.
  CompiledStep(ModelProgram &program, StepScalars scalars)
      : program(program), scalars(std::move(scalars)) {}

  void beginStep() override { program.zeroGradients(); }
  double addGradient(const data::MicroBatch &batch) override {
    return program.addGradient(columnsOf(batch), scalars(batch.step));
  }
  double gradientNorm() override;
  void update(const UpdateScalars &given) override {
    program.update(given.rate, given.firstCorrection, given.secondCorrection);
  }
  std::vector<TensorBytes> tensors() override { return views(program.state()); }
  void tensorsChanged() override {} // the program reads the same memory
  std::vector<TensorBytes> gradients() override { return views(program.gradients()); }

private:
  static std::vector<TensorBytes> views(std::map<std::string, StateTensor> &tensors);

  ModelProgram &program;
  StepScalars scalars;
};

} // namespace roux::train
