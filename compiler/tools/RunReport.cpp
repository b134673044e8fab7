//===- RunReport.cpp - the page of a run -----------------------------------===//
//
// From what trains and evals left behind to the report's plain tables and curves.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/RunReport.h"

#include "compiler/frontend/Objective.h"
#include "compiler/plan/TrainTuning.h"
#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/KernelTimes.h"
#include "compiler/tools/RunList.h"
#include "compiler/tools/StepMemory.h"
#include "compiler/tools/StepOfRecipe.h"
#include "compiler/tools/StepWork.h"
#include "runtime/data/pipeline/RecordTokenizer.h"
#include "runtime/data/view/DataSummary.h"
#include "runtime/train/PairMetrics.h"
#include "runtime/train/Progress.h"
#include "runtime/train/RunRecord.h"
#include "runtime/train/StepSource.h"

#include <algorithm>
#include <cmath>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sstream>

namespace roux {

RunReport::RunReport(const SourceManager &sources, const CheckedRecipe &recipe)
    : sources(sources), recipe(recipe) {
  page.title = sources.path(recipe.mainFile);
  page.subtitle = fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(std::time(nullptr)));
  page.recipe = sources.text(recipe.mainFile);
  page.ledger.columns = {"train", "what", "rule", "sequences", "tokens", "targets"};
  page.memory.columns = {"train",   "largest micro-batch", "parameters", "gradients",
                         "moments", "activations",         "peak",       "layers"};
}

/// Curves of thousands of points are thinned: a page is looked at, not zoomed into.
static std::vector<train::StepMetrics> thinned(std::vector<train::StepMetrics> metrics) {
  constexpr size_t most = 1000;
  size_t stride = (metrics.size() + most - 1) / most;
  std::vector<train::StepMetrics> kept;
  for (size_t i = 0; i < metrics.size(); i += std::max<size_t>(stride, 1))
    kept.push_back(metrics[i]);
  return kept;
}

void RunReport::addCurves(const CheckedDefinition &train,
                          const std::vector<train::StepMetrics> &metrics,
                          const train::TrainingExtent &extent) {
  if (metrics.empty())
    return;
  // Steps that hold more trained on more: by tokens, trains can be laid over each other.
  auto tokensAt = [&](uint64_t step) {
    return static_cast<double>(extent.tokensBefore[std::min(step + 1, extent.steps())]);
  };
  std::map<std::string, report::Series> heldOut, heldOutByTokens;
  for (const train::StepMetrics &step : metrics)
    for (const auto &[name, value] : step.measured) {
      if (!train::isLoss(name))
        continue;
      heldOut[name].points.emplace_back(static_cast<double>(step.step), value);
      heldOutByTokens[name].points.emplace_back(tokensAt(step.step), value);
    }
  report::Series loss{train.name, {}}, byTokens{train.name, {}}, norm{train.name, {}},
      rate{train.name, {}}, speed{train.name, {}};
  for (const train::StepMetrics &step : thinned(metrics)) {
    double at = static_cast<double>(step.step);
    loss.points.emplace_back(at, step.loss);
    byTokens.points.emplace_back(tokensAt(step.step), step.loss);
    norm.points.emplace_back(at, step.gradientNorm);
    rate.points.emplace_back(at, step.rate);
    speed.points.emplace_back(at, static_cast<double>(step.tokens) / step.seconds);
  }
  auto add = [&](std::vector<report::Series> &curves, report::Series trained,
                 std::map<std::string, report::Series> &measured) {
    curves.push_back(std::move(trained));
    for (auto &[name, series] : measured)
      curves.push_back({fmt::format("{} of {}", name, train.name), std::move(series.points), true});
  };
  add(page.loss, std::move(loss), heldOut);
  add(page.lossByTokens, std::move(byTokens), heldOutByTokens);
  page.gradientNorm.push_back(std::move(norm));
  page.rate.push_back(std::move(rate));
  page.throughput.push_back(std::move(speed));
}

void RunReport::addHow(const CheckedDefinition &train, const std::filesystem::path &folder) {
  std::optional<train::RunRecord> record = train::readRecord(train::recordOf(folder));
  if (!record)
    return;
  page.how.columns = {"train", "started", "time", "machine", "dtype", "seed", "version", "command"};
  page.how.rows.push_back({train.name, record->started.substr(0, record->started.find('.')),
                           train::durationText(record->seconds), record->machine, record->dtype,
                           fmt::format("{}", record->seed), record->version,
                           fmt::format("{}", fmt::join(record->command, " "))});
}

/// What a person would want to have known before.
static std::vector<std::string> warningsOf(const CheckedDefinition &train, const TrainingData &data,
                                           const data::DataSummary &summary) {
  std::vector<std::string> warnings;
  for (const data::LedgerLine &line : data.plan.ledger().lines())
    if (line.fate == data::Fate::Warned)
      warnings.push_back(fmt::format("{}: {} ({} sequence{}){}", train.name, line.rule,
                                     line.sequences, line.sequences == 1 ? "" : "s",
                                     data::remedyOf(line.rule)));
  if (summary.zeroWeights > 0)
    warnings.push_back(fmt::format("{}: {} target{} of the steps weighed weigh{} 0 and are trained "
                                   "on nothing",
                                   train.name, summary.zeroWeights,
                                   summary.zeroWeights == 1 ? "" : "s",
                                   summary.zeroWeights == 1 ? "s" : ""));
  return warnings;
}

void RunReport::addLedger(const CheckedDefinition &train, const data::Ledger &ledger) {
  for (const data::LedgerLine &line : ledger.lines())
    page.ledger.rows.push_back({train.name, std::string(spelling(line.fate)), line.rule,
                                fmt::format("{}", line.sequences), fmt::format("{}", line.tokens),
                                fmt::format("{}", line.targets)});
}

/// A line of `--emit=table` as cells: two spaces or more are between them.
static std::vector<std::string> kernelCells(const std::string &line) {
  std::vector<std::string> cells;
  for (size_t at = 0; at < line.size();) {
    size_t end = std::min(line.find("  ", at), line.size());
    cells.push_back(line.substr(at, end - at));
    at = std::min(line.find_first_not_of(' ', end), line.size());
  }
  cells.resize(std::max<size_t>(cells.size(), 6));
  // The line of the recipe stands second, behind the name.
  std::rotate(cells.begin() + 1, cells.begin() + 5, cells.begin() + 6);
  return cells;
}

void RunReport::addStep(const CheckedDefinition &train, const TrainingData &data,
                        const std::filesystem::path &folder) {
  FittedStep step =
      fitStep(recipe, train, stepOf(sources, recipe, train, data.model.config), &data.plan);
  const StepMemory &memory = step.memory;
  auto bytes = [](int64_t count) { return train::bytesText(static_cast<double>(count)); };
  page.memory.rows.push_back({train.name, fmt::format("{} tokens", memory.tokens),
                              bytes(memory.parameters), bytes(memory.gradients),
                              bytes(memory.moments), bytes(memory.activations),
                              bytes(memory.peak()), step.keptText()});
  std::optional<KernelTimes> times = readKernelTimes(folder);
  std::istringstream lines(
      times ? times->table
            : printStage(step.source, {.stage = "table", .cacheFolder = kernelCacheFolder()})
                  .value_or(""));
  std::string line;
  std::getline(lines, line); // its heading: a file of an older build has fewer columns
  report::Appendix kernels{train.name, {kernelCells(line), {}}};
  while (std::getline(lines, line))
    if (!line.starts_with("a step of ")) // the sum
      kernels.table.rows.push_back(kernelCells(line));
  page.kernels.push_back(std::move(kernels));
}

void RunReport::addSpeed(const CheckedDefinition &train, const BuiltTrain &built,
                         const std::vector<train::StepMetrics> &metrics) {
  double tokens = 0, seconds = 0;
  for (const train::StepMetrics &step : metrics) {
    tokens += static_cast<double>(step.tokens);
    seconds += step.seconds;
  }
  if (seconds == 0)
    return;
  page.speed.columns = {"train", "tokens/s", "operations a token", "reached", "peak", "MFU"};
  model::ModelConfig config = built.data->model.config;
  config.tuning = tuningOf(sources, recipe, train, config);
  double operations = operationsPerToken(config, built.data->plan);
  double reached = operations * tokens / seconds;
  std::vector<std::string> row = {train.name, train::countText(tokens / seconds),
                                  train::countText(operations),
                                  fmt::format("{:.1f} GFLOP/s", reached / 1e9)};
  if (std::optional<KernelTimes> times = readKernelTimes(built.folder)) {
    row.push_back(
        fmt::format("{:.1f} GFLOP/s, {} threads", times->peak * times->threads, times->threads));
    row.push_back(fmt::format("{:.1f}%", reached / 1e7 / (times->peak * times->threads)));
  } else {
    row.insert(row.end(), {"not measured", ""});
  }
  page.speed.rows.push_back(std::move(row));
}

void RunReport::add(const CheckedDefinition &score, const data::ScoreTable &table) {
  std::vector<double> values;
  auto keep = [&](double value) {
    if (std::isfinite(value))
      values.push_back(value);
  };
  for (const auto &[key, record] : table.records) {
    for (double value : record.numbers)
      keep(value);
    for (float value : record.tokens)
      keep(static_cast<double>(value));
  }
  if (values.empty())
    return;
  constexpr size_t bars = 20;
  auto [least, most] = std::ranges::minmax(values);
  std::vector<uint64_t> counts(bars);
  for (double value : values) {
    double place = most > least ? (value - least) / (most - least) * bars : 0;
    ++counts[std::min(static_cast<size_t>(place), bars - 1)];
  }
  report::Histogram histogram{
      fmt::format("{}, {} values of {} records", score.name, values.size(), table.records.size()),
      {}};
  for (size_t bar = 0; bar < bars; ++bar)
    histogram.bins.emplace_back(
        fmt::format("{:.3g}", least + (most - least) * static_cast<double>(bar) / bars),
        counts[bar]);
  page.scores.push_back(std::move(histogram));
}

/// Shares of their capacity that the packs of a plan fill, in twenty bars.
static report::Histogram occupancyOf(const std::string &name, const data::Plan &plan) {
  constexpr uint64_t bars = 20;
  std::vector<uint64_t> packs(bars);
  for (uint64_t i = 0; i < plan.steps(); ++i) {
    data::PlanStep step = plan.step(i);
    for (const data::PlannedPack &pack : step.packs) {
      uint64_t positions = 0;
      for (const data::PlacedSequence &placed : step.of(pack))
        positions += placed.positions;
      ++packs[std::min(positions * bars / plan.rules().packCapacity, bars - 1)];
    }
  }
  report::Histogram histogram{name, {}};
  size_t first = 0;
  while (first + 1 < bars && packs[first] == 0)
    ++first;
  for (size_t bar = first; bar < bars; ++bar)
    histogram.bins.emplace_back(fmt::format("{}%", bar * 100 / bars), packs[bar]);
  return histogram;
}

void RunReport::add(const CheckedDefinition &train, const BuiltTrain &built) {
  const TrainingData &data = *built.data;
  data::DataSummary summary = data::summarize(data.plan, data.store, train["weight"].expression);
  std::vector<train::StepMetrics> metrics =
      train::MetricsFile::read(built.folder / "metrics.jsonl");
  // LongAlign's machine has eight devices, and its groups are as large as a machine.
  const CheckedValue &batch = train["batch"];
  table.add(train.name, metrics, summary, data.plan,
            batch.calls("sorted") ? static_cast<uint64_t>(batch["group"].number) : 8);
  if (train["batch"].calls("bucket"))
    costs.addLengths(train.name, metrics, data.plan);
  addCurves(train, metrics, train::extentOf(data.plan));
  addHow(train, built.folder);
  for (std::string &warning : warningsOf(train, data, summary))
    page.warnings.push_back(std::move(warning));
  addLedger(train, data.plan.ledger());
  addStep(train, data, built.folder);
  addSpeed(train, built, metrics);
  report::Histogram lengths{train.name, {}};
  for (size_t i = 0; i < summary.lengths.size(); ++i)
    if (summary.lengths[i].sequences || !lengths.bins.empty())
      lengths.bins.emplace_back(fmt::format("{}", uint64_t(1) << i),
                                static_cast<double>(summary.lengths[i].sequences));
  page.lengths.push_back(std::move(lengths));
  if (data.plan.rules().packCapacity)
    page.occupancy.push_back(occupancyOf(train.name, data.plan));
  report::Objective objective{train.name, "", {}};
  std::istringstream lines(describeObjective(sources, train));
  std::string line;
  for (int number = 0; std::getline(lines, line); ++number)
    if (number == 1)
      objective.formula = line.substr(line.find_first_not_of(' '));
    else if (number > 1)
      objective.notes.push_back(line.substr(line.find_first_not_of(' ')));
  page.objectives.push_back(std::move(objective));
}

/// The row of an eval: the model it names, or itself where the model is made on the spot.
static const std::string &rowOf(const CheckedDefinition &eval) {
  const CheckedValue &model = eval["model"];
  return model.kind == ValueKind::Reference ? model.text : eval.name;
}

void RunReport::add(const std::string &measured, const eval::HeldOutResult &result) {
  page.figures.push_back({"loss, " + measured, fmt::format("{:.4f}", result.all.mean)});
  if (result.pairs) {
    page.figures.push_back({"margin, " + measured, fmt::format("{:.4f}", result.pairs->margin)});
    page.figures.push_back(
        {"accuracy, " + measured, fmt::format("{:.1f}%", 100 * result.pairs->accuracy)});
  }
  report::Series series{measured, {}};
  for (const eval::MeanLoss &loss : result.byPosition)
    series.points.emplace_back(static_cast<double>(loss.first), loss.mean);
  if (series.points.size() > 1)
    page.lossByPosition.push_back(std::move(series));
  std::vector<std::string> &columns = page.lossBySource.columns;
  std::vector<std::string> row(std::max<size_t>(columns.size(), 1));
  if (columns.empty())
    columns.push_back("measured");
  row[0] = measured;
  for (const eval::MeanLoss &loss : result.bySource) {
    size_t column = std::ranges::find(columns, loss.name) - columns.begin();
    if (column == columns.size())
      columns.push_back(loss.name);
    row.resize(columns.size());
    row[column] = fmt::format("{:.4f}", loss.mean);
  }
  page.lossBySource.rows.push_back(std::move(row));
}

void RunReport::add(const std::string &measured, const eval::NeedleResult &result) {
  page.figures.push_back(
      {"needles found, " + measured, fmt::format("{:.0f}%", 100 * result.mean())});
  report::HeatMap map{measured, {}, {}, {}};
  for (const eval::NeedleCell &cell : result.cells) {
    std::string length = fmt::format("{}", cell.length);
    if (map.columns.empty() || map.columns.back() != length)
      map.columns.push_back(length);
    if (map.columns.size() == 1) {
      map.rows.push_back(fmt::format("{:.3g}%", 100 * cell.depth));
      map.scores.emplace_back();
    }
  }
  // In the order of lengths, then depths; a file that was edited may have another number of them.
  for (std::vector<double> &row : map.scores)
    row.resize(map.columns.size());
  for (size_t i = 0; i < std::min(result.cells.size(), map.rows.size() * map.columns.size()); ++i)
    map.scores[i % map.rows.size()][i / map.rows.size()] = result.cells[i].score;
  page.needles.push_back(std::move(map));
}

void RunReport::add(const std::string &measured, const eval::SamplesResult &result) {
  for (const eval::WrittenSample &sample : result.samples)
    page.samples.push_back({measured, sample.prompt, sample.answer + (sample.ended ? "" : " …")});
}

void RunReport::add(const std::string &measured, const eval::ScoredResult &result) {
  for (const eval::DataSetScore &score : result.dataSets)
    page.figures.push_back({fmt::format("{}, {}", measured, score.metric),
                            fmt::format("{:.2f} ({})", score.score, score.name)});
  for (const eval::LanguageAverage &average : result.averages)
    page.figures.push_back({fmt::format("{}, average of {}", measured, average.language),
                            fmt::format("{:.2f}", average.average)});
}

void RunReport::add(const CheckedDefinition &eval, const eval::EvalResult &result) {
  const std::string &model = rowOf(eval);
  table.add(model, result);
  for (const eval::TaskResult &task : result.tasks)
    std::visit([&](const auto &what) { add(fmt::format("{} of {}", task.name, model), what); },
               task.what);
}

std::filesystem::path RunReport::write(const std::filesystem::path &folder) {
  std::filesystem::path file = folder / "report.html";
  page.results = table.table();
  // One run is what the page shows already.
  if (std::vector<ListedRun> runs = runsIn(folder);
      std::ranges::any_of(runs, [](const ListedRun &run) { return !run.differs.empty(); }))
    page.runs = tableOf(runs);
  for (std::vector<std::string> &row : page.lossBySource.rows)
    row.resize(page.lossBySource.columns.size());
  report::writeReport(file, page);
  return file;
}

} // namespace roux
