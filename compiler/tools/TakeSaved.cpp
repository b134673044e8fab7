//===- TakeSaved.cpp - weights and moments out of a train's saves ---------===//
//
// A training begins with another one's moments where `carry:` says so, and ends with
// the weights of an earlier step where `keep:` does.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/TakeSaved.h"

#include "runtime/Say.h"
#include "runtime/train/CheckpointFolder.h"

#include <fmt/format.h>

namespace roux {

uint64_t takeMoments(const BuiltTrain &from, train::CompiledStep &step) {
  std::vector<std::string> damaged;
  train::CheckpointFolder saves(from.folder, 0);
  std::optional<train::Checkpoint> end = saves.latest(damaged);
  // The best are the model, and patience may have ended the training early.
  std::optional<train::BestSoFar> best = end ? end->state().best : std::nullopt;
  if (best)
    end.emplace(saves.file(best->step));
  if (!end || (!best && end->state().step != from.data->plan.steps()))
    throw train::CheckpointError(
        fmt::format("{}: has no whole checkpoint of its last step, {}, whose moments 'carry' asks "
                    "for; without that folder it is trained again{}",
                    from.folder.string(), from.data->plan.steps(),
                    damaged.empty() ? "" : "\n" + damaged.front()));
  std::vector<train::TensorBytes> moments = step.tensors();
  std::erase_if(moments, [](const train::TensorBytes &tensor) {
    return !tensor.name.ends_with(".first") && !tensor.name.ends_with(".second");
  });
  end->restore(moments);
  step.tensorsChanged();
  return end->state().updates;
}

void takeBest(const CheckedDefinition &train, const train::TrainResult &result,
              const std::filesystem::path &folder, train::CompiledStep &step) {
  const std::string &watched = train["keep"]["measurement"].text;
  if (!result.best) {
    say(stderr, "train {}: '{}' was never a number on its way, so the last weights are kept\n",
        train.name, watched);
    return;
  }
  train::Checkpoint best(train::CheckpointFolder(folder, 0).file(result.best->step));
  std::vector<train::TensorBytes> tensors = step.tensors();
  best.restore(tensors);
  step.tensorsChanged();
  say(stdout, "train {}: kept the weights of step {} of {}, where {} was {:.4f}\n", train.name,
      result.best->step, result.stepsMade, watched, result.best->measured);
}

} // namespace roux
