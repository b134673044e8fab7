//===- ScoreBuild.cpp - the scores of a recipe, asked once ----------------===//
//
// See the header. A score that was interrupted goes on with the first record that it lacks.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/ScoreBuild.h"

#include "compiler/plan/RefusedRecipe.h"
#include "compiler/tools/StepOfRecipe.h"
#include "runtime/data/pipeline/PipelineRunner.h"
#include "runtime/score/ScoreData.h"
#include "runtime/train/Progress.h"

#include <chrono>
#include <fmt/format.h>
#include <set>
#include <xxhash.h>

namespace roux {

/// A line now and then, with how long it will take.
static void tellProgress(const std::string &name, const score::ScoreProgress &progress,
                         std::chrono::steady_clock::time_point &last) {
  constexpr std::chrono::seconds pause(5);
  auto now = std::chrono::steady_clock::now();
  bool isDone = progress.found >= progress.records;
  if (!isDone && now - last < pause)
    return;
  last = now;
  double each = progress.done ? progress.seconds / static_cast<double>(progress.done) : 0;
  std::string left =
      isDone ? ""
             : fmt::format(", {} left",
                           train::durationText(
                               each * static_cast<double>(progress.records - progress.found)));
  fmt::print(
      stderr, "score {}: {} of {} records, {} tokens/s{}\n", name, progress.found, progress.records,
      train::countText(
          progress.seconds > 0 ? static_cast<double>(progress.tokens) / progress.seconds : 0),
      left);
}

/// Models with their weights, compiled to say what they make of tokens.
static std::vector<std::unique_ptr<train::ModelProgram>> programsFor(const SourceManager &sources,
                                                                     const CheckedRecipe &recipe,
                                                                     TrainBuilder &trains,
                                                                     const ScoreRecipe &made) {
  std::vector<std::unique_ptr<train::ModelProgram>> programs;
  for (const CheckedValue &value : made.models) {
    model::Model model = trains.modelOf(value);
    StepSource source = evaluationOf(sources, recipe, model.config);
    source.generates = false;
    source.type = StepType::F32; // what is kept and weighed must not hang on the run block
    programs.push_back(programFor(recipe, source));
    programs.back()->setParameters(model.weights);
  }
  return programs;
}

BuiltScore buildScore(const SourceManager &sources, const CheckedRecipe &recipe,
                      TrainBuilder &trains, const std::filesystem::path &output,
                      const CheckedDefinition &score) {
  ScoreRecipe made = scoreRecipeOf(sources, recipe, trains.data(), score);
  data::Ledger ledger;
  data::PipelineRunner runner(made.pipeline, made.consumer, ledger, threadsOf(recipe),
                              &trains.data().sourceLibrary());
  std::string identity = scoreIdentity(
      sources, recipe, trains.data().known(), score, made, runner.origin(),
      [&](const CheckedDefinition &train) { return trains.build(train).folder / "model"; });
  BuiltScore built;
  built.file =
      output / "scores" /
      fmt::format("{}-{:016x}.scores", score.name, XXH3_64bits(identity.data(), identity.size()));
  built.table = keptScores(built.file, made, identity);
  if (built.table && trains.looksOnly())
    return built;
  if (built.table) {
    fmt::print(stderr, "score {}: nothing changed, {}\n", score.name, built.file.string());
    return built;
  }
  if (trains.looksOnly())
    throw NotMadeYet(fmt::format("would be made after score {}", score.name));
  runner.runSteps();
  std::set<uint64_t> keys;
  for (uint64_t row = 0; row < runner.size(); ++row)
    keys.insert(runner.rows()[row].key);
  if (keys.empty())
    throw RefusedRecipe(sources, score["data"].where, "there are no records to score");
  std::filesystem::create_directories(built.file.parent_path());
  auto programs = programsFor(sources, recipe, trains, made);
  std::vector<train::ModelProgram *> models;
  for (const auto &program : programs)
    models.push_back(program.get());
  score::ScoreFile file(built.file, keys.size());
  auto last = std::chrono::steady_clock::now();
  score::scoreData(
      made.spec, runner, recipe.seed, models, file,
      [&](const score::ScoreProgress &progress) { tellProgress(score.name, progress, last); });
  built.table = keptScores(built.file, made, identity);
  fmt::print(stderr, "score {}: {}\n", score.name, built.file.string());
  return built;
}

} // namespace roux
