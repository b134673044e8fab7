//===- CompiledStep.cpp - a compiled model as a trainer sees it -----------===//
//
// The norm is taken here and not in the update, because nothing may be updated
// before the trainer has seen that loss and norm are numbers.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/CompiledStep.h"

#include <cmath>

namespace roux::train {

StreamColumns columnsOf(const data::MicroBatch &batch) {
  return {batch.tokens,
          batch.labels,
          batch.positions,
          {batch.segmentOffsets.begin(), batch.segmentOffsets.end()},
          batch.inputs};
}

double CompiledStep::addGradient(const data::MicroBatch &batch) {
  if (batch.targets == 0)
    return 0;
  return program.addGradient(columnsOf(batch));
}

/// Calls `visit` with the gradient's values, f32 or f64, in place.
template <typename Visit>
static void visitValues(StateTensor &tensor, Visit visit) {
  if (tensor.element == "f64")
    visit(std::span(reinterpret_cast<double *>(tensor.bytes.data()), tensor.bytes.size() / 8));
  else
    visit(std::span(reinterpret_cast<float *>(tensor.bytes.data()), tensor.bytes.size() / 4));
}

double CompiledStep::gradientNorm() {
  double sum = 0;
  for (auto &[name, tensor] : program.gradients())
    visitValues(tensor, [&](auto values) {
      double part = 0;
      for (double value : values)
        part += value * value;
      sum += part;
    });
  return std::sqrt(sum);
}

void CompiledStep::update(const UpdateScalars &scalars, double factor) {
  if (factor != 1)
    for (auto &[name, tensor] : program.gradients())
      visitValues(tensor, [&](auto values) {
        for (auto &value : values)
          value *= factor;
      });
  program.update(scalars.rate, scalars.firstCorrection, scalars.secondCorrection);
}

static std::vector<TensorBytes> viewsOf(std::map<std::string, StateTensor> &tensors) {
  std::vector<TensorBytes> views;
  for (auto &[name, tensor] : tensors)
    views.push_back({tensor.name, tensor.element, tensor.shape, tensor.bytes});
  return views;
}

std::vector<TensorBytes> CompiledStep::tensors() {
  return viewsOf(program.state());
}

std::vector<TensorBytes> CompiledStep::gradients() {
  return viewsOf(program.gradients());
}

} // namespace roux::train
