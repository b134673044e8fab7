//===- EvalPredictions.cpp - answers scored without their model -----------===//
//
// Everything is scored before anything is printed or kept: a set that is missing is
// an error, because an average over the rest would look like one over all.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/EvalPredictions.h"

#include "compiler/frontend/Diagnostic.h"
#include "compiler/frontend/Meaning.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/EvalText.h"
#include "runtime/data/AtomicFile.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace roux {

static ScoredSet longBenchSet(const SourceManager &sources, const CheckedValue &name,
                              eval::Edition edition) {
  if (const eval::LongBenchSet *set = eval::longBenchSet(name.text))
    return {name.text, eval::scoringOf(*set, edition)};
  std::vector<std::string_view> names;
  for (const eval::LongBenchSet &each : eval::longBenchSets())
    names.push_back(each.name);
  throw RefusedRecipe(
      sources, name.where,
      fmt::format("LongBench has no data set '{}'{}", name.text, didYouMean(name.text, names)));
}

static std::vector<ScoredSet> longBenchSets(const SourceManager &sources,
                                            const CheckedValue &call) {
  eval::Edition edition =
      call["edition"].is("clean") ? eval::Edition::Clean : eval::Edition::Official;
  std::vector<ScoredSet> sets;
  const CheckedValue &names = call["datasets"];
  if (names.kind == ValueKind::Text)
    sets.push_back(longBenchSet(sources, names, edition));
  for (const CheckedValue &name : names.items)
    sets.push_back(longBenchSet(sources, name, edition));
  if (names.isNone())
    for (const eval::LongBenchSet &set : eval::longBenchSets())
      sets.push_back({std::string(set.name), eval::scoringOf(set, edition)});
  return sets;
}

static eval::Extract extractOf(const CheckedValue &word) {
  if (word.is("first_line"))
    return eval::Extract::FirstLine;
  return word.is("number") ? eval::Extract::Number : eval::Extract::Whole;
}

std::optional<std::vector<ScoredSet>> scoredSetsOf(const SourceManager &sources,
                                                   const CheckedArgument &task) {
  const CheckedValue &call = task.value;
  if (call.calls("longbench"))
    return longBenchSets(sources, call);
  if (!call.calls("task"))
    return std::nullopt;
  eval::Scoring scoring{eval::metricNamed(call["metric"].text), eval::Edition::Official,
                        extractOf(call["extract"])};
  return std::vector<ScoredSet>{{task.name, scoring}};
}

eval::ScoredResult scoredResult(const CheckedArgument &task, std::span<const ScoredSet> sets,
                                const std::filesystem::path &folder, std::string truncation) {
  bool isLongBench = task.value.calls("longbench");
  eval::ScoredResult result{isLongBench ? "longbench" : "task", std::move(truncation), {}, {}};
  for (const ScoredSet &set : sets) {
    eval::PredictionFile file(folder / (set.name + ".jsonl"));
    result.dataSets.push_back(eval::scoreOf(set.name, file, set.scoring));
  }
  if (isLongBench)
    result.averages = eval::averagesOf(result.dataSets);
  return result;
}

namespace {

/// An eval with its scores, not kept yet.
struct ScoredEval {
  const CheckedDefinition *eval;
  CheckedDefinition shown; ///< the eval with the tasks of `result` only
  eval::EvalResult result;
};

} // namespace

static ScoredEval scored(const SourceManager &sources, const CheckedDefinition &eval,
                         const std::filesystem::path &folder) {
  ScoredEval found{&eval, eval, {eval.name, {}}};
  found.shown.tasks.clear();
  for (const CheckedArgument &task : eval.tasks) {
    std::optional<std::vector<ScoredSet>> sets = scoredSetsOf(sources, task);
    if (!sets) {
      fmt::print(stderr,
                 "eval {}: '{}' is left out: only longbench(…) and task(…) are scored from "
                 "predictions\n",
                 eval.name, task.name);
      continue;
    }
    found.shown.tasks.push_back(task);
    found.result.tasks.push_back(
        {task.name, scoredResult(task, *sets, folder, "predictions as given")});
  }
  return found;
}

/// Where a result is kept: by what it says, since it was not made from the recipe alone.
static std::filesystem::path fileOf(const CheckedRecipe &recipe, const ScoredEval &scored,
                                    const std::string &json, const std::filesystem::path &output) {
  std::string identity = "predictions 1\n" + meaningOf(recipe, *scored.eval) + json;
  return output / "evals" /
         fmt::format("{}-{:016x}.json", scored.eval->name,
                     XXH3_64bits(identity.data(), identity.size()));
}

int scorePredictions(const SourceManager &sources, const CheckedRecipe &recipe,
                     std::span<const CheckedDefinition *const> evals,
                     const std::filesystem::path &folder, const std::filesystem::path &output) {
  std::vector<ScoredEval> all;
  for (const CheckedDefinition *eval : evals)
    if (ScoredEval each = scored(sources, *eval, folder); !each.result.tasks.empty())
      all.push_back(std::move(each));
  if (all.empty())
    return refuse("no eval has a longbench(…) or task(…), so there is nothing to score");
  std::filesystem::create_directories(output / "evals");
  for (const ScoredEval &each : all) {
    std::string json = eval::toJson(each.result);
    std::filesystem::path file = fileOf(recipe, each, json, output);
    data::writeWhole(file, json);
    fmt::print("eval {}: {}\n{}", each.eval->name, file.string(),
               evalText(each.shown, each.result));
  }
  return 0;
}

} // namespace roux
