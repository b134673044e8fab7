//===- RunReport.cpp - the page of a run -----------------------------------===//
//
// From what trains and evals left behind to the report's plain tables and curves.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/RunReport.h"

#include "compiler/frontend/Objective.h"
#include "runtime/data/view/DataSummary.h"
#include "runtime/train/Progress.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sstream>

namespace roux {

RunReport::RunReport(const SourceManager &sources, const CheckedRecipe &recipe) : sources(sources) {
  page.title = sources.path(recipe.mainFile);
  page.subtitle = fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(std::time(nullptr)));
  page.recipe = sources.text(recipe.mainFile);
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

void RunReport::addCurves(const CheckedDefinition &train,
                          const std::vector<train::StepMetrics> &metrics) {
  if (metrics.empty())
    return;
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
  std::vector<train::StepMetrics> metrics =
      train::MetricsFile::read(built.folder / "metrics.jsonl");
  table.add(train.name, metrics, summary);
  addCurves(train, metrics);
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

/// The row of an eval: the model it names, or itself where the model is made on the spot.
static const std::string &rowOf(const CheckedDefinition &eval) {
  const CheckedValue &model = eval["model"];
  return model.kind == ValueKind::Reference ? model.text : eval.name;
}

void RunReport::add(const CheckedDefinition &eval, const eval::EvalResult &result) {
  table.add(rowOf(eval), result);
  for (const eval::TaskResult &task : result.tasks)
    if (const auto *loss = std::get_if<eval::HeldOutResult>(&task.what)) {
      page.figures.push_back(
          {fmt::format("{} of {}", task.name, result.name), fmt::format("{:.4f}", loss->all.mean)});
    }
}

std::filesystem::path RunReport::write(const std::filesystem::path &folder) {
  std::filesystem::path file = folder / "report.html";
  page.results = table.table();
  report::writeReport(file, page);
  return file;
}

} // namespace roux
