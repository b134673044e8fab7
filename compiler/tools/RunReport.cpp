//===- RunReport.cpp - the page of a run -----------------------------------===//
//
// From what trains and evals left behind to the report's plain tables and curves.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/RunReport.h"

#include "compiler/frontend/Objective.h"
#include "runtime/data/view/DataSummary.h"
#include "runtime/train/MetricsFile.h"
#include "runtime/train/Progress.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sstream>

namespace roux {

RunReport::RunReport(const SourceManager &sources, const CheckedRecipe &recipe) : sources(sources) {
  page.title = sources.path(recipe.mainFile);
  page.subtitle = fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(std::time(nullptr)));
  page.recipe = sources.text(recipe.mainFile);
  page.results.columns = {"train",      "steps",      "tokens",   "tokens/s",
                          "packs full", "first loss", "last loss"};
  page.ledger.columns = {"train", "what", "rule", "sequences", "tokens", "targets"};
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

void RunReport::addCurves(const CheckedDefinition &train, const BuiltTrain &built,
                          const data::DataSummary &summary) {
  std::vector<train::StepMetrics> metrics =
      train::MetricsFile::read(built.folder / "metrics.jsonl");
  if (metrics.empty())
    return;
  double tokens = 0, seconds = 0;
  for (const train::StepMetrics &step : metrics)
    tokens += static_cast<double>(step.tokens), seconds += step.seconds;
  report::Series loss{train.name, {}}, rate{train.name, {}}, speed{train.name, {}};
  for (const train::StepMetrics &step : thinned(metrics)) {
    double at = static_cast<double>(step.step);
    loss.points.emplace_back(at, step.loss);
    rate.points.emplace_back(at, step.rate);
    speed.points.emplace_back(at, static_cast<double>(step.tokens) / step.seconds);
  }
  page.loss.push_back(std::move(loss));
  page.rate.push_back(std::move(rate));
  page.throughput.push_back(std::move(speed));
  page.results.rows.push_back(
      {train.name, fmt::format("{}", metrics.size()), train::countText(tokens),
       train::countText(tokens / seconds),
       summary.occupancy > 0 ? fmt::format("{:.1f}%", 100 * summary.occupancy) : "",
       fmt::format("{:.4f}", metrics.front().loss), fmt::format("{:.4f}", metrics.back().loss)});
}

void RunReport::addLedger(const CheckedDefinition &train, const data::Ledger &ledger) {
  for (const data::LedgerLine &line : ledger.lines())
    page.ledger.rows.push_back({train.name, std::string(spelling(line.fate)), line.rule,
                                fmt::format("{}", line.sequences), fmt::format("{}", line.tokens),
                                fmt::format("{}", line.targets)});
}

void RunReport::add(const CheckedDefinition &train, const BuiltTrain &built) {
  const TrainingData &data = *built.data;
  data::DataSummary summary = data::summarize(data.plan, data.store, train["weight"].expression);
  addCurves(train, built, summary);
  addLedger(train, data.plan.ledger());
  report::Histogram lengths{train.name, {}};
  for (size_t i = 0; i < summary.lengths.size(); ++i)
    if (summary.lengths[i].sequences || !lengths.bins.empty())
      lengths.bins.emplace_back(fmt::format("{}", uint64_t(1) << i),
                                static_cast<double>(summary.lengths[i].sequences));
  page.lengths.push_back(std::move(lengths));
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

void RunReport::add(const CheckedDefinition &, const eval::EvalResult &result) {
  for (const eval::TaskResult &task : result.tasks)
    if (const auto *loss = std::get_if<eval::HeldOutResult>(&task.what)) {
      page.figures.push_back(
          {fmt::format("{} of {}", task.name, result.name), fmt::format("{:.4f}", loss->all.mean)});
    }
}

std::filesystem::path RunReport::write(const std::filesystem::path &folder) {
  std::filesystem::path file = folder / "report.html";
  report::writeReport(file, page);
  return file;
}

} // namespace roux
