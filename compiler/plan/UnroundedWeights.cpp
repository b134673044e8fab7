//===- UnroundedWeights.cpp - from the save, held against the folder ------===//
//
// Saves may be deleted or be of another step. That what was found rounds to what is
// in the folder proves that it is the same model.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/UnroundedWeights.h"

#include "compiler/plan/ExportType.h"
#include "runtime/model/StoredType.h"
#include "runtime/train/CheckpointFolder.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

namespace roux {

bool isUnrounded(const model::Weights &weights) {
  return std::ranges::all_of(
      weights.all(), [](const auto &named) { return named.second.type == model::DataType::F32; });
}

[[noreturn]] static void refuse(const std::filesystem::path &folder,
                                const model::Weights &exported) {
  throw train::CheckpointError(
      fmt::format("{}: has no save of its end, which holds its weights as they were before they "
                  "were rounded to {}; without that folder it is trained again",
                  folder.string(), wordOf(model::mainType(exported))));
}

static std::optional<train::Checkpoint> endOf(const std::filesystem::path &folder) {
  std::vector<std::string> damaged;
  train::CheckpointFolder saves(folder, 0);
  std::optional<train::Checkpoint> end = saves.latest(damaged);
  if (end && end->state().best)
    end.emplace(saves.file(end->state().best->step));
  return end;
}

model::Weights unroundedWeights(const std::filesystem::path &folder, const model::Weights &exported,
                                const std::function<model::Weights()> &start) {
  std::optional<train::Checkpoint> end = endOf(folder);
  if (!end)
    refuse(folder, exported);
  std::optional<model::Weights> before;
  model::Weights weights;
  for (const auto &[name, tensor] : exported.all()) {
    if (!end->holds(name)) {
      if (!before)
        before = start();
      const model::Tensor *frozen = before->find(name);
      if (!frozen)
        refuse(folder, exported);
      weights.add(name, *frozen);
      continue;
    }
    std::vector<float> values(static_cast<size_t>(tensor.elements()));
    train::TensorBytes into{name, "f32", tensor.shape, std::as_writable_bytes(std::span(values))};
    end->restore(std::span(&into, 1));
    weights.addValues(name, tensor.shape, std::move(values));
  }
  if (before)
    weights.keep(std::make_shared<model::Weights>(*before)); // the bytes of what was frozen
  checkRounded(folder, weights, exported);
  return weights;
}

void checkRounded(const std::filesystem::path &folder, const model::Weights &weights,
                  const model::Weights &exported) {
  for (const auto &[name, tensor] : exported.all()) {
    const model::Tensor *found = weights.find(name);
    if (!found || found->shape != tensor.shape)
      refuse(folder, exported);
    model::Weights one;
    one.add(name, *found);
    model::Weights rounded = model::storedAs(one, tensor.type);
    if (!std::ranges::equal(rounded.find(name)->bytes, tensor.bytes))
      refuse(folder, exported);
  }
}

} // namespace roux
