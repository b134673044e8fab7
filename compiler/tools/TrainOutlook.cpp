//===- TrainOutlook.cpp - what a build would do, before it does it --------===//
//
// All that can be refused before the first step of any train, and why a train that
// looks the same is another one.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/MeaningChange.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/plan/TrainSettings.h"
#include "compiler/tools/RunList.h"
#include "compiler/tools/TrainBuild.h"
#include "runtime/Say.h"
#include "runtime/data/AtomicFile.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

namespace roux {

void TrainBuilder::prepare(const CheckedDefinition &train) {
  scheduleOf(sources, train, scheduledOver(train));
  if (!isWhole(folderOf(train)))
    stepFor(train);
  prepare(train["model"]);
  prepare(train["reference"]);
}

/// Looks whether `saved` names a step that will be saved, as far as that is known before.
void TrainBuilder::prepareSaved(const CheckedValue &model, const train::SaveInterval &save) {
  const CheckedDefinition &train = *recipe.trainNamedBy(model["model"]);
  uint64_t steps = dataOf(train)->plan.steps(), step = static_cast<uint64_t>(model["step"].number);
  bool isKnown = save.seconds == 0 && save.epochs == 0 && !train["keep"].calls("best");
  bool isSaved = step == steps || (save.steps > 0 && step % save.steps == 0);
  if (step > steps)
    throw RefusedRecipe(sources, model["step"].where,
                        fmt::format("train '{}' has {} steps", train.name, steps));
  if (isKnown && !isSaved)
    throw RefusedRecipe(sources, model["step"].where,
                        fmt::format("train '{}' saves nothing after step {}; expected save: "
                                    "every({} steps) in the run block, or so",
                                    train.name, step, step));
}

void TrainBuilder::prepare(const CheckedValue &model) {
  for (const CheckedValue &term : model.items)
    prepare(term);
  if (model.calls("override"))
    prepare(model["base"]);
  if (model.calls("load"))
    model::openModel(resolvePath(sources, model["path"]));
  train::SaveInterval save = saveOf(recipe);
  if (model.calls("saved"))
    prepareSaved(model, save);
  if (!model.calls("average") || save.steps == 0)
    return;
  const CheckedDefinition &train = *recipe.trainNamedBy(model["model"]);
  uint64_t steps = dataOf(train)->plan.steps(), saves = (steps + save.steps - 1) / save.steps;
  if (static_cast<double>(saves) < model["saves"].number)
    throw RefusedRecipe(sources, model["saves"].where,
                        fmt::format("train '{}' saves {} time{} in its {} steps; expected {}, as a "
                                    "shorter interval of save: gives",
                                    train.name, saves, saves == 1 ? "" : "s", steps,
                                    model["saves"].number));
}

static std::string contentsOf(const std::filesystem::path &file) {
  std::ostringstream text;
  if (std::ifstream stream(file); stream.peek() != EOF)
    text << stream.rdbuf();
  return std::move(text).str();
}

std::string TrainBuilder::whyAnew(const CheckedDefinition &train, const std::string &made) const {
  namespace fs = std::filesystem;
  std::string nearest;
  std::vector<MeaningChange> least;
  std::error_code none;
  for (const fs::directory_entry &entry : fs::directory_iterator(output, none)) {
    if (trainOfFolder(entry.path()) != train.name)
      continue;
    std::string before = contentsOf(entry.path() / madeFrom);
    std::vector<MeaningChange> changes = changesOf(before, made);
    if (!before.empty() && !changes.empty() && (nearest.empty() || changes.size() < least.size())) {
      least = std::move(changes);
      nearest = entry.path().string();
    }
  }
  if (nearest.empty())
    return "";
  constexpr size_t most = 3; // who changed more knows that it is another training
  std::string why;
  for (size_t i = 0; i < std::min(least.size(), most); ++i)
    why += (i == 0 ? "" : "; ") + print(least[i]);
  if (least.size() > most)
    why += fmt::format("; and {} more", least.size() - most);
  why += movedSamples(least, made);
  return fmt::format("because {}; before: {}", why, nearest);
}

void TrainBuilder::sayWhy(const CheckedDefinition &train, const std::string &made,
                          const std::filesystem::path &folder) {
  if (std::string why = whyAnew(train, made); !why.empty() && !std::filesystem::exists(folder))
    say(stderr, "train {}: trained anew, {}\n", train.name, why);
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed)
    throw data::FileError(
        fmt::format("{}: cannot create it: {}", folder.string(), failed.message()));
  if (!std::filesystem::exists(folder / madeFrom))
    data::writeWhole(folder / madeFrom, made);
}

bool TrainBuilder::isThere(const CheckedDefinition &train) {
  return isWhole(folderOf(train));
}

bool TrainBuilder::hasRun(const CheckedDefinition &train) const {
  std::error_code none;
  for (const auto &entry : std::filesystem::directory_iterator(output, none))
    if (trainOfFolder(entry.path()) == train.name && isWhole(entry.path()))
      return true;
  return false;
}

std::string TrainBuilder::outlook(const CheckedDefinition &train) {
  std::filesystem::path folder = folderOf(train);
  uint64_t steps = dataOf(train)->plan.steps();
  if (isWhole(folder))
    return fmt::format("nothing changed, {}", folder.string());
  prepare(train);
  std::vector<uint64_t> saved;
  if (std::filesystem::exists(folder))
    saved = train::CheckpointFolder(folder, 0).steps();
  if (!saved.empty())
    return fmt::format("would go on after step {} of {}, {}", saved.back(), steps, folder.string());
  std::string why = whyAnew(train, madeOf(train));
  return fmt::format("would be trained, {} step{}{}{}", steps, steps == 1 ? "" : "s",
                     why.empty() ? "" : ", ", why);
}

} // namespace roux
