//===- KeptRun.cpp - a run tells how it came to be -------------------------===//
//
// A train that is stopped and goes on is one run: its start stays, its seconds add up.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/KeptRun.h"

#include "compiler/tools/TrainBuild.h"
#include "runtime/Say.h"
#include "runtime/data/FileError.h"
#include "runtime/data/Temporary.h"

#include <algorithm>
#include <chrono>

namespace roux {

static double steadySeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The recipe, then the files that it uses; not the command line, which has a number in `sources`
/// too.
static train::RunRecord::Pairs filesOf(const SourceManager &sources, uint32_t mainFile) {
  train::RunRecord::Pairs files{
      {std::string(sources.path(mainFile)), std::string(sources.text(mainFile))}};
  for (uint32_t file = 0; file < sources.size(); ++file) {
    std::string_view path = sources.path(file);
    if (file != mainFile && path != "default" && !path.starts_with("--"))
      files.emplace_back(path, sources.text(file));
  }
  return files;
}

KeptRun::KeptRun(const SourceManager &sources, const CheckedRecipe &recipe,
                 const CheckedDefinition &train, const RunOrigin &origin,
                 std::filesystem::path givenFolder, uint64_t steps)
    : folder(std::move(givenFolder)), begun(steadySeconds()), secondsBefore(0) {
  std::optional<train::RunRecord> before = train::readRecord(train::recordOf(folder));
  std::error_code unknown;
  record = {.train = train.name,
            .recipe = std::string(sources.path(recipe.mainFile)),
            .files = filesOf(sources, recipe.mainFile),
            .settings = origin.options.set,
            .flags = origin.options.run,
            .command = origin.command,
            .folder = std::filesystem::current_path(unknown).string(),
            .machine = train::machineText(threadsOf(recipe)),
            .version = ROUX_VERSION,
            .seed = recipe.seed,
            .dtype = recipe.run()["dtype"].text,
            .started = before ? before->started : train::utcText(),
            .steps = steps};
  if (before)
    secondsBefore = before->seconds;
  write();
}

void KeptRun::end(const std::string &why, bool isFinished) {
  record.ended = why;
  record.isFinished = isFinished;
  write();
}

void KeptRun::write() {
  record.seconds = secondsBefore + steadySeconds() - begun;
  try {
    train::writeRecord(train::recordOf(folder), record);
  } catch (const data::FileError &error) {
    say(stderr, "{}; the training goes on without it\n", error.what());
  }
}

static std::optional<double> numberOf(const eval::TaskResult &task) {
  if (const auto *loss = std::get_if<eval::HeldOutResult>(&task.what))
    return loss->all.mean;
  if (const auto *needle = std::get_if<eval::NeedleResult>(&task.what))
    return needle->mean();
  if (const auto *scored = std::get_if<eval::ScoredResult>(&task.what))
    return scored->headline();
  return std::nullopt;
}

void noteWhole(const std::filesystem::path &folder) {
  std::filesystem::path file = train::recordOf(folder);
  try {
    data::removeTemporaries(folder);
    std::optional<train::RunRecord> record = train::readRecord(file);
    if (!record || (record->isFinished && record->ended.empty()))
      return;
    record->isFinished = true;
    record->ended.clear();
    train::writeRecord(file, *record);
  } catch (const data::FileError &error) {
    say(stderr, "{}\n", error.what());
  }
}

void noteResult(const std::filesystem::path &folder, const eval::EvalResult &result) {
  std::filesystem::path file = train::recordOf(folder);
  std::optional<train::RunRecord> record = train::readRecord(file);
  if (!record) // damaged, which `roux runs` says, or of a build that wrote none
    return;
  auto before = record->results;
  for (const eval::TaskResult &task : result.tasks)
    if (std::optional<double> number = numberOf(task)) {
      std::string name = result.name + "/" + task.name;
      auto known =
          std::ranges::find(record->results, name, [](const auto &each) { return each.first; });
      if (known == record->results.end())
        record->results.emplace_back(name, *number);
      else
        known->second = *number;
    }
  if (record->results == before)
    return;
  try {
    train::writeRecord(file, *record);
  } catch (const data::FileError &error) {
    say(stderr, "{}\n", error.what());
  }
}

} // namespace roux
