//===- StepProgram.h - what a trainer asks of a compiled step -------------===//
//
// The trainer knows schedules, files and when to stop; it does not know kernels or
// devices. This is all that lies between them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/batch/MicroBatch.h"
#include "runtime/train/AdamW.h"
#include "runtime/train/TensorBytes.h"

#include <map>
#include <string>
#include <vector>

namespace roux::train {

/// What the micro-batches of a step came to.
struct StepNumbers {
  /// Of each micro-batch its part of the step's loss: the sum of weight * loss over its targets.
  std::vector<double> losses;
  /// Of each, if its sequences were pairs, the log-probability of each answer.
  std::vector<std::vector<double>> answers;
  double gradientNorm = 0; ///< of all gradients together, before clipping
};

class StepProgram {
public:
  virtual ~StepProgram() = default;

  /// Sets the gradients to zero.
  virtual void beginStep() = 0;
  /// One micro-batch forward and backward; gradients add up. May return before it is done.
  virtual void addGradient(const data::MicroBatch &batch) = 0;
  /// Of the micro-batches since beginStep(), once all are done.
  virtual StepNumbers numbers() = 0;
  /// Updates the weights with the gradients times `factor`.
  virtual void update(const UpdateScalars &scalars, double factor) = 0;

  /// Everything that a later step depends on and that steps change: weights, then moments, always
  /// in this order. The bytes are current, and stay so until the next update.
  virtual std::vector<TensorBytes> tensors() = 0;
  /// Takes over what was written into the bytes that tensors() returned.
  virtual void tensorsChanged() = 0;
  /// The gradients as they are, for looking at when something went wrong.
  virtual std::vector<TensorBytes> gradients() = 0;

  /// What was chosen by measuring; a resumed run is told to choose the same.
  virtual std::map<std::string, std::string> kernelChoices() const { return {}; }
  virtual void useKernelChoices(const std::map<std::string, std::string> &choices) {}
};

} // namespace roux::train
