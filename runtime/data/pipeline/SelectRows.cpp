//===- SelectRows.cpp - steps that choose and order rows ------------------===//
//
// Contents stay as they are. Every draw is of the row alone, so that leaving other
// rows out changes nothing for those that stay.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/pipeline/PipelineRunner.h"
#include "runtime/data/pipeline/SequenceEnvironment.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace roux::data {

/// Positions 0 … n-1 in the order of `before`, which breaks no ties: earlier rows come first.
template <typename Before>
static std::vector<uint64_t> orderBy(uint64_t n, Before before) {
  std::vector<uint64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](uint64_t a, uint64_t b) { return before(a, b) || (!before(b, a) && a < b); });
  return order;
}

/// Keeps the first `count` of `order`, in the order of the data.
static std::vector<Row> pick(const std::vector<Row> &rows, std::vector<uint64_t> order,
                             uint64_t count) {
  order.resize(std::min<uint64_t>(count, order.size()));
  std::sort(order.begin(), order.end());
  std::vector<Row> picked;
  for (uint64_t row : order)
    picked.push_back(rows[row]);
  return picked;
}

/// Whether `expression` says something of rows that need not exist: `all` of none is true.
static bool decidesOverNothing(const Expression &expression) {
  return std::ranges::any_of(expression.nodes, [](const Expression::Node &node) {
    return node.operation >= Operation::Sum && node.operation <= Operation::Entropy &&
           node.operation != Operation::Count && node.operation != Operation::Any;
  });
}

void PipelineRunner::where(uint32_t step) {
  const DataStep &each = pipeline.steps[step];
  const std::vector<Row> &rows = inputRows(step);
  std::vector<uint8_t> holds(rows.size()), overNothing(rows.size());
  std::vector<bool> good = forRows(rows, [&](uint64_t row, Workspace &workspace) {
    SequenceEnvironment environment(*this, each, rows[row], row, workspace);
    holds[row] = numberOf(each.expression, environment, "where") != 0;
    overNothing[row] = environment.visitedNothing();
  });
  uint64_t leftOut = 0;
  for (uint64_t row = 0; row < rows.size(); ++row)
    if (good[row] && holds[row])
      steps[step].rows.push_back(rows[row]);
    else
      leftOut += good[row];
  note(step, "left out", leftOut);
  if (leftOut == 0)
    note(step, "leaves nothing out", rows.size());
  if (decidesOverNothing(each.expression))
    note(step, "decided over no rows, where all() is true and sum() is 0",
         static_cast<uint64_t>(std::ranges::count(overNothing, 1)));
}

void PipelineRunner::sample(uint32_t step) {
  const DataStep &each = pipeline.steps[step];
  const std::vector<Row> &rows = inputRows(step);
  // A share keeps each row with that chance, so that sampling and `where` may change places; a
  // number takes the rows with the smallest draws, so that it is met exactly.
  if (each.amount.isShare) {
    for (const Row &row : rows)
      if (drawsOf(each, row).uniform() < each.amount.value)
        steps[step].rows.push_back(row);
  } else {
    std::vector<uint64_t> draws;
    for (const Row &row : rows)
      draws.push_back(drawsOf(each, row).bits());
    auto order = orderBy(rows.size(), [&](uint64_t a, uint64_t b) { return draws[a] < draws[b]; });
    if (each.amount.value > static_cast<double>(rows.size()))
      throw DataError(fmt::format("'sample' asks for {} records, there are {}", each.amount.value,
                                  rows.size()));
    steps[step].rows = pick(rows, std::move(order), static_cast<uint64_t>(each.amount.value));
  }
  note(step, "left out", rows.size() - steps[step].rows.size());
}

void PipelineRunner::without(uint32_t step) {
  std::unordered_set<uint64_t> others;
  for (const Row &row : inputRows(step, 1))
    origins(row, [&](uint32_t source, uint64_t index) {
      others.insert(uint64_t(source) << 48 | index);
    });
  for (const Row &row : inputRows(step)) {
    bool among = false;
    origins(row, [&](uint32_t source, uint64_t index) {
      among |= others.contains(uint64_t(source) << 48 | index);
    });
    if (!among)
      steps[step].rows.push_back(row);
  }
  note(step, "left out", inputRows(step).size() - steps[step].rows.size());
}

void PipelineRunner::shuffle(uint32_t step) {
  const std::vector<Row> &rows = inputRows(step);
  std::vector<uint64_t> draws;
  for (const Row &row : rows)
    draws.push_back(drawsOf(pipeline.steps[step], row).bits());
  for (uint64_t row :
       orderBy(rows.size(), [&](uint64_t a, uint64_t b) { return draws[a] < draws[b]; }))
    steps[step].rows.push_back(rows[row]);
}

void PipelineRunner::concat(uint32_t step) {
  std::vector<Row> &joined = steps[step].rows;
  for (size_t input = 0; input < pipeline.steps[step].inputs.size(); ++input)
    joined.insert(joined.end(), inputRows(step, input).begin(), inputRows(step, input).end());
}

void PipelineRunner::repeat(uint32_t step) {
  const std::vector<Row> &rows = inputRows(step);
  for (uint64_t copy = 0; copy < pipeline.steps[step].times; ++copy)
    for (Row row : rows) {
      // The first copy keeps its draws; the others get their own, and a part number that tells
      // them apart.
      if (copy > 0) {
        row.key = (SeedTree(row.key) / "copy" / copy).bits();
        row.part += static_cast<uint32_t>(copy) << 24;
      }
      steps[step].rows.push_back(row);
    }
}

void PipelineRunner::sort(uint32_t step) {
  const std::vector<Row> &rows = inputRows(step);
  std::vector<bool> good;
  std::vector<double> values = numbers(step, good);
  bool falling = pipeline.steps[step].falling;
  for (uint64_t row : orderBy(rows.size(), [&](uint64_t a, uint64_t b) {
         return falling ? values[a] > values[b] : values[a] < values[b];
       }))
    if (good[row])
      steps[step].rows.push_back(rows[row]);
}

void PipelineRunner::keep(uint32_t step) {
  const Amount &top = pipeline.steps[step].amount;
  std::vector<bool> good;
  std::vector<double> values = numbers(step, good);
  std::vector<Row> rows;
  std::vector<double> kept;
  for (uint64_t row = 0; row < values.size(); ++row)
    if (good[row]) {
      rows.push_back(inputRows(step)[row]);
      kept.push_back(values[row]);
    }
  double count = top.isShare ? std::round(top.value * static_cast<double>(rows.size())) : top.value;
  auto order = orderBy(rows.size(), [&](uint64_t a, uint64_t b) { return kept[a] > kept[b]; });
  steps[step].rows = pick(rows, std::move(order), static_cast<uint64_t>(count));
  note(step, "left out", rows.size() - steps[step].rows.size());
}

} // namespace roux::data
