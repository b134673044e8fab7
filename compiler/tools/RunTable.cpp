//===- RunTable.cpp - what a run made, a model a row ----------------------===//
//
// Useful tokens are all tokens: nothing is padded, so nothing else is computed.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/RunTable.h"

#include "runtime/report/TextTable.h"
#include "runtime/train/Progress.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace roux {

/// One number where all steps are equal, else the least and the most.
static std::string spreadText(const data::Spread &spread) {
  std::string least = train::countText(spread.least), most = train::countText(spread.most);
  return least == most ? least : least + ".." + most;
}

void RunTable::add(const std::string &model, const std::string &column, const std::string &value) {
  if (std::find(columns.begin(), columns.end(), column) == columns.end())
    columns.push_back(column);
  if (std::find(names.begin(), names.end(), model) == names.end())
    names.push_back(model);
  rows[model][column] = value;
}

/// Share of the time of `devices` that they would wait for the slowest of them: each takes the next
/// pack of a step, or the next sequence where nothing is packed, and a token costs the same
/// everywhere.
static double idleShare(const data::Plan &plan, uint64_t devices) {
  uint64_t taken = 0, used = 0;
  for (uint64_t i = 0; i < plan.steps(); ++i) {
    data::PlanStep step = plan.step(i);
    std::vector<uint64_t> rows;
    for (const data::PlannedPack &pack : step.packs)
      for (bool isFirst = true; const data::PlacedSequence &placed : step.of(pack)) {
        if (isFirst || plan.rules().packCapacity == 0)
          rows.push_back(0);
        rows.back() += placed.positions;
        isFirst = false;
      }
    for (size_t at = 0; at < rows.size(); at += devices) {
      std::span<const uint64_t> together =
          std::span(rows).subspan(at, std::min<size_t>(devices, rows.size() - at));
      taken += *std::ranges::max_element(together) * together.size();
      used = std::accumulate(together.begin(), together.end(), used);
    }
  }
  return taken ? 1 - static_cast<double>(used) / static_cast<double>(taken) : 0;
}

void RunTable::add(const std::string &train, const std::vector<train::StepMetrics> &metrics,
                   const data::DataSummary &summary, const data::Plan &plan, uint64_t devices) {
  if (metrics.empty())
    return;
  // Not every step may be logged; the plan knows what all of them held.
  uint64_t steps = std::min(metrics.back().step + 1, plan.steps());
  double tokens = 0, targets = 0, logged = 0, seconds = 0, lastLoss = 0;
  for (uint64_t step = 0; step < steps; ++step) {
    data::PlannedStep counts = plan.step(step).counts;
    tokens += static_cast<double>(counts.positions);
    targets += static_cast<double>(counts.targets);
  }
  for (const train::StepMetrics &step : metrics) {
    logged += static_cast<double>(step.tokens);
    seconds += step.seconds;
  }
  size_t last = std::max<size_t>(metrics.size() / 10, 1);
  for (size_t i = metrics.size() - last; i < metrics.size(); ++i)
    lastLoss += metrics[i].loss / static_cast<double>(last);

  add(train, "steps", fmt::format("{}", steps));
  add(train, "tokens", train::countText(tokens));
  add(train, "targets", train::countText(targets));
  add(train, "seqs/step", spreadText(summary.sequences));
  add(train, "tokens/step", spreadText(summary.positions));
  add(train, "packs full",
      summary.occupancy > 0 ? fmt::format("{:.1f}%", 100 * summary.occupancy) : "");
  add(train, "idle", fmt::format("{:.1f}%", 100 * idleShare(plan, devices)));
  add(train, "tokens/s", seconds > 0 ? train::countText(logged / seconds) : "");
  add(train, "first loss", fmt::format("{:.3f}", metrics.front().loss));
  add(train, "last loss", fmt::format("{:.3f}", lastLoss));
}

void RunTable::addLengths(const std::string &train, const std::vector<train::StepMetrics> &metrics,
                          const data::Plan &plan) {
  struct Cost {
    double tokens = 0;
    std::vector<double> seconds;
  };
  std::map<uint64_t, Cost> costs;
  for (const train::StepMetrics &step : metrics) {
    data::PlanStep planned = plan.step(step.step);
    if (planned.sequences.empty())
      continue;
    Cost &cost = costs[planned.sequences[0].positions];
    cost.tokens += static_cast<double>(step.tokens);
    cost.seconds.push_back(step.seconds);
  }
  for (auto &[length, cost] : costs) {
    size_t steps = cost.seconds.size();
    std::ranges::nth_element(cost.seconds, cost.seconds.begin() + steps / 2);
    double seconds = cost.seconds[steps / 2]; // the median: first steps meet cold caches
    std::string row = fmt::format("{} {}", train, length);
    add(row, "steps", fmt::format("{}", steps));
    add(row, "tokens", train::countText(cost.tokens));
    add(row, "seqs/step", train::countText(cost.tokens / static_cast<double>(steps * length)));
    add(row, "ms/step", fmt::format("{:.1f}", 1000 * seconds));
    add(row, "tokens/s", train::countText(cost.tokens / static_cast<double>(steps) / seconds));
  }
}

void RunTable::add(const std::string &model, const eval::EvalResult &result) {
  for (const eval::TaskResult &task : result.tasks)
    if (const auto *loss = std::get_if<eval::HeldOutResult>(&task.what)) {
      add(model, task.name, fmt::format("{:.3f}", loss->all.mean));
      if (loss->bySource.size() > 1)
        for (const eval::MeanLoss &source : loss->bySource)
          add(model, task.name + " " + source.name, fmt::format("{:.3f}", source.mean));
    } else if (const auto *needle = std::get_if<eval::NeedleResult>(&task.what)) {
      add(model, task.name, fmt::format("{:.0f}%", 100 * needle->mean()));
    } else if (const auto *scored = std::get_if<eval::ScoredResult>(&task.what)) {
      add(model, task.name, fmt::format("{:.2f}", scored->headline()));
    }
}

report::Table RunTable::table() const {
  report::Table table{{heading}, {}};
  table.columns.insert(table.columns.end(), columns.begin(), columns.end());
  for (const std::string &name : names) {
    std::vector<std::string> row{name};
    for (const std::string &column : columns) {
      const auto &cells = rows.at(name);
      auto cell = cells.find(column);
      row.push_back(cell == cells.end() ? "" : cell->second);
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string RunTable::text() const {
  return report::textOf(table());
}

} // namespace roux
