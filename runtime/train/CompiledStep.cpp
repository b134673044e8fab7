//===- CompiledStep.cpp - a compiled model as a trainer sees it -----------===//
//
// The norm is an entry of its own and not part of the update, because nothing may be
// updated before the trainer has seen that loss and norm are numbers. That is once a step:
// micro-batches are queued one behind the other, and what they came to is read with the norm.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/CompiledStep.h"

namespace roux::train {

StreamColumns columnsOf(const data::MicroBatch &batch) {
  return {batch.tokens,    batch.labels,
          batch.positions, {batch.segmentOffsets.begin(), batch.segmentOffsets.end()},
          batch.inputs,    {},
          batch.arePairs};
}

std::vector<int32_t> noiseOf(const data::MicroBatch &batch, const data::SeedTree &seed) {
  data::SeedTree step = seed / batch.step;
  std::vector<int32_t> noise;
  noise.reserve(batch.origins.size());
  for (uint64_t origin : batch.origins)
    noise.push_back(static_cast<int32_t>((step / origin).bits()));
  return noise;
}

void CompiledStep::beginStep() {
  program.zeroGradients();
  hasTargets.clear();
}

void CompiledStep::addGradient(const data::MicroBatch &batch) {
  hasTargets.push_back(batch.targets != 0);
  if (batch.targets == 0)
    return;
  StreamColumns columns = columnsOf(batch);
  std::vector<int32_t> noise;
  if (const auto &adapter = program.config().tuning.adapter; adapter && adapter->dropout > 0)
    noise = noiseOf(batch, seed);
  columns.noise = noise;
  program.queueGradient(columns);
}

StepNumbers CompiledStep::numbers() {
  StepNumbers queued = program.numbers(), all;
  all.gradientNorm = queued.gradientNorm;
  size_t next = 0;
  for (bool isQueued : hasTargets) {
    all.losses.push_back(isQueued ? queued.losses[next] : 0);
    all.answers.push_back(isQueued ? std::move(queued.answers[next]) : std::vector<double>());
    next += isQueued;
  }
  return all;
}

void CompiledStep::update(const UpdateScalars &scalars, double factor) {
  program.update(scalars.rate, scalars.firstCorrection, scalars.secondCorrection, factor);
}

/// The tensors under the names of the model's files, without what is frozen: what the program keeps
/// as one stack of layers is one tensor a layer to whoever reads a message.
static std::vector<TensorBytes> viewsOf(std::map<std::string, StateTensor> &tensors,
                                        std::string_view without = "") {
  std::vector<TensorBytes> views;
  for (auto &[stacked, tensor] : tensors) {
    if (tensor.isFrozen)
      continue;
    std::string name = tensor.name.substr(0, tensor.name.size() - without.size());
    if (model::nameInLayer(name, 0) == name) {
      views.push_back({name, tensor.element, tensor.shape, tensor.bytes});
      continue;
    }
    std::vector<int64_t> shape(tensor.shape.begin() + 1, tensor.shape.end());
    size_t each = tensor.bytes.size() / tensor.shape.front();
    for (int64_t layer = 0; layer < tensor.shape.front(); ++layer)
      views.push_back({model::nameInLayer(name, tensor.firstLayer + layer), tensor.element, shape,
                       std::span(tensor.bytes).subspan(layer * each, each)});
  }
  return views;
}

std::vector<TensorBytes> CompiledStep::tensors() {
  return viewsOf(program.state());
}

std::vector<TensorBytes> CompiledStep::gradients() {
  return viewsOf(program.gradients(), ".gradient");
}

} // namespace roux::train
