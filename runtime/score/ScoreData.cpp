//===- ScoreData.cpp - the scores of all records of some data -------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "runtime/score/ScoreData.h"

#include "runtime/data/pipeline/SequenceEnvironment.h"
#include "runtime/score/ScoredRecord.h"

#include <chrono>
#include <deque>
#include <fmt/format.h>

namespace roux::score {

namespace {

/// Tokens that are put to models before their records are finished.
constexpr uint64_t blockTokens = 1 << 16;
constexpr size_t blockRecords = 256;

class DataScorer {
public:
  DataScorer(const ScoreSpec &spec, const data::PipelineRunner &runner, uint64_t seed,
             std::vector<train::ModelProgram *> models, ScoreFile &file)
      : spec(spec), runner(runner), file(file), queue(std::move(models), spec.overlap),
        workspace(runner.makeWorkspace()), seed(seed) {
    place.construct = spec.name;
  }

  void run(const std::function<void(const ScoreProgress &)> &tell);

private:
  struct InFlight {
    uint64_t row;
    ScoredRecord record;
  };
  void add(uint64_t row);
  void finish();
  /// Calls `work`; what goes wrong is of the record in `row`.
  void named(uint64_t row, const std::function<void()> &work);

  const ScoreSpec &spec;
  const data::PipelineRunner &runner;
  ScoreFile &file;
  AskQueue queue;
  data::Workspace workspace;
  data::SeedTree seed;
  data::DataStep place; ///< of draws
  std::deque<InFlight> inFlight;
  ScoreProgress progress;
};

} // namespace

void DataScorer::named(uint64_t row, const std::function<void()> &work) {
  try {
    work();
  } catch (const AskError &error) {
    throw data::DataError(fmt::format("{}: {}", runner.nameOf(runner.rows()[row]), error.what()));
  }
}

void DataScorer::add(uint64_t row) {
  data::TokenizedRecord tokens;
  try {
    runner.tokenize(row, tokens, workspace);
  } catch (const data::RecordError &) {
    if (!runner.skips(runner.rows()[row]))
      throw;
    file.append({.key = runner.rows()[row].key}); // it has no score, and is not asked for again
    return;
  }
  data::SeedTree draws = seed / spec.name / runner.rows()[row].key;
  inFlight.push_back({row, ScoredRecord(spec, draws, std::move(tokens))});
  named(row, [&] { inFlight.back().record.ask(queue); });
}

void DataScorer::finish() {
  progress.tokens += queue.waiting();
  queue.flush();
  for (const InFlight &each : inFlight)
    named(each.row, [&] {
      data::Row row = runner.rows()[each.row];
      data::SequenceEnvironment sequence(runner, place, row, each.row, workspace);
      NewScore score = each.record.evaluate(sequence);
      score.key = row.key;
      file.append(score);
      ++progress.done;
    });
  inFlight.clear();
}

void DataScorer::run(const std::function<void(const ScoreProgress &)> &tell) {
  auto begin = std::chrono::steady_clock::now();
  progress.records = runner.rows().size();
  for (uint64_t row = 0; row < runner.rows().size(); ++row) {
    if (file.has(runner.rows()[row].key))
      continue;
    add(row);
    if (queue.waiting() < blockTokens && inFlight.size() < blockRecords)
      continue;
    finish();
    progress.found = file.size();
    progress.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    tell(progress);
  }
  finish();
  progress.found = file.size();
  progress.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  tell(progress);
}

void scoreData(const ScoreSpec &spec, const data::PipelineRunner &runner, uint64_t seed,
               std::vector<train::ModelProgram *> models, ScoreFile &file,
               const std::function<void(const ScoreProgress &)> &tell) {
  DataScorer(spec, runner, seed, std::move(models), file).run(tell);
}

} // namespace roux::score
