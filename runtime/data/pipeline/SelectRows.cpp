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
#include <set>

namespace roux::data {

/// Positions 0 … n-1 in the order of `before`, which breaks no ties: earlier rows come first.
template <typename Before>
static std::vector<uint32_t> orderBy(uint64_t n, Before before) {
  std::vector<uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return before(a, b) || (!before(b, a) && a < b); });
  return order;
}

/// The first `count` of `order`, in the order of the data.
static std::vector<uint32_t> pick(std::vector<uint32_t> order, uint64_t count) {
  order.resize(std::min<uint64_t>(count, order.size()));
  std::sort(order.begin(), order.end());
  order.shrink_to_fit();
  return order;
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
  const StepRows &rows = inputRows(step);
  std::vector<uint8_t> holds(rows.size()), overNothing(rows.size());
  std::vector<bool> good = forRows(rows, [&](uint64_t row, Workspace &workspace) {
    SequenceEnvironment environment(*this, each, rows[row], row, workspace);
    holds[row] = numberOf(each.expression, environment, "where") != 0;
    overNothing[row] = environment.visitedNothing();
  });
  std::vector<uint32_t> left;
  uint64_t leftOut = 0;
  for (uint64_t row = 0; row < rows.size(); ++row)
    if (good[row] && holds[row])
      left.push_back(static_cast<uint32_t>(row));
    else
      leftOut += good[row];
  steps[step].select(rows, std::move(left));
  note(step, "left out", leftOut);
  if (leftOut == 0)
    note(step, "leaves nothing out", rows.size());
  if (decidesOverNothing(each.expression))
    note(step, "decided over no rows, where all() is true and sum() is 0",
         static_cast<uint64_t>(std::ranges::count(overNothing, 1)));
}

void PipelineRunner::sample(uint32_t step) {
  const DataStep &each = pipeline.steps[step];
  const StepRows &rows = inputRows(step);
  std::vector<uint32_t> left;
  // A share keeps each row with that chance, so that sampling and `where` may change places; a
  // number takes the rows with the smallest draws, so that it is met exactly.
  if (each.amount.isShare) {
    for (uint64_t row = 0; row < rows.size(); ++row)
      if (drawsOf(each, rows[row]).uniform() < each.amount.value)
        left.push_back(static_cast<uint32_t>(row));
    if (left.empty() && rows.size() > 0 && each.amount.value > 0)
      left = pick(orderByDraws(step), 1); // what few are held out of is measured by one at least
  } else {
    if (each.amount.value > static_cast<double>(rows.size()))
      throw DataError(fmt::format("'sample' asks for {} records, there are {}", each.amount.value,
                                  rows.size()));
    left = pick(orderByDraws(step), static_cast<uint64_t>(each.amount.value));
  }
  steps[step].select(rows, std::move(left));
  note(step, "left out", rows.size() - steps[step].size());
}

std::vector<uint32_t> PipelineRunner::orderByDraws(uint32_t step) const {
  const StepRows &rows = inputRows(step);
  std::vector<uint64_t> draws(rows.size());
  for (uint64_t row = 0; row < rows.size(); ++row)
    draws[row] = drawsOf(pipeline.steps[step], rows[row]).bits();
  return orderBy(rows.size(), [&](uint32_t a, uint32_t b) { return draws[a] < draws[b]; });
}

void PipelineRunner::without(uint32_t step) {
  RecordSet others;
  for (uint64_t row = 0; row < inputRows(step, 1).size(); ++row)
    origins(inputRows(step, 1)[row],
            [&](uint32_t source, uint64_t index) { others.insert(source, index); });
  const StepRows &rows = inputRows(step);
  std::vector<uint32_t> left;
  for (uint64_t row = 0; row < rows.size(); ++row) {
    bool among = false;
    origins(rows[row],
            [&](uint32_t source, uint64_t index) { among |= others.contains(source, index); });
    if (!among)
      left.push_back(static_cast<uint32_t>(row));
  }
  steps[step].select(rows, std::move(left));
  note(step, "left out", rows.size() - steps[step].size());
}

void PipelineRunner::shuffle(uint32_t step) {
  steps[step].select(inputRows(step), orderByDraws(step));
}

/// Whether two inputs of a step come from one source, so that a row may be in
/// both.
static bool share(const std::vector<std::set<uint32_t>> &inputs) {
  std::set<uint32_t> seen;
  for (const std::set<uint32_t> &input : inputs)
    for (uint32_t source : input)
      if (!seen.insert(source).second)
        return true;
  return false;
}

/// The steps that read what step `step` is made of, the first one of each
/// source.
static void collectSources(const DataPipeline &pipeline,
                           const std::vector<std::shared_ptr<RecordSource>> &sources, uint32_t step,
                           std::set<uint32_t> &found, std::set<uint32_t> &visited) {
  if (!visited.insert(step).second)
    return;
  if (sources[step])
    found.insert(static_cast<uint32_t>(std::find(sources.begin(), sources.end(), sources[step]) -
                                       sources.begin()));
  for (uint32_t input : pipeline.steps[step].inputs)
    collectSources(pipeline, sources, input, found, visited);
}

StepRows PipelineRunner::joinInputs(uint32_t step) const {
  struct Joined {
    std::vector<const StepRows *> inputs;
    std::vector<uint64_t> begins;
    std::vector<uint32_t> times; ///< how often a row was there before; empty: none was
    uint64_t copies = 1;

    Row row(uint64_t number) const {
      size_t input = std::upper_bound(begins.begin(), begins.end(), number) - begins.begin() - 1;
      Row row = (*inputs[input])[number - begins[input]];
      if (uint32_t before = times.empty() ? 0 : times[number]) {
        row.key = (SeedTree(row.key) / "again" / before).bits();
        row.copy += static_cast<uint32_t>(before * copies);
      }
      return row;
    }
  };
  auto joined = std::make_shared<Joined>();
  std::vector<std::set<uint32_t>> from;
  uint64_t rows = 0;
  for (size_t input = 0; input < pipeline.steps[step].inputs.size(); ++input) {
    joined->inputs.push_back(&inputRows(step, input));
    joined->begins.push_back(rows);
    joined->copies = std::max(joined->copies, inputRows(step, input).copies());
    rows += inputRows(step, input).size();
    std::set<uint32_t> visited;
    collectSources(pipeline, sources, pipeline.steps[step].inputs[input], from.emplace_back(),
                   visited);
  }
  checkCount(step, rows);
  uint64_t most = 0;
  if (share(from)) {
    // By what names a sequence: pieces and copies made on two ways may have one name.
    std::vector<uint64_t> keys(rows);
    for (uint64_t row = 0; row < rows; ++row) {
      Row each = joined->row(row);
      keys[row] = (SeedTree(0) / sourceOf(each) / ordinalOf(each) / each.part / each.copy).bits();
    }
    std::vector<uint32_t> order =
        orderBy(rows, [&](uint32_t a, uint32_t b) { return keys[a] < keys[b]; });
    std::vector<uint32_t> times(rows);
    for (uint64_t i = 1; i < rows; ++i)
      if (keys[order[i]] == keys[order[i - 1]])
        most = std::max<uint64_t>(most, times[order[i]] = times[order[i - 1]] + 1);
    if (most > 0)
      joined->times = std::move(times);
  }
  StepRows all;
  checkCount(step, (most + 1) * joined->copies);
  all.set(rows, (most + 1) * joined->copies, [joined](uint64_t row) { return joined->row(row); });
  return all;
}

void PipelineRunner::concat(uint32_t step) {
  steps[step] = joinInputs(step);
}

void PipelineRunner::repeat(uint32_t step) {
  const StepRows &rows = inputRows(step);
  const DataStep &each = pipeline.steps[step];
  uint64_t times = each.times, count = rows.size();
  if (count > 0 && times > StepRows::most / count)
    throw DataError(fmt::format("'repeat' makes {} times {} rows, expected at most {}", times,
                                count, StepRows::most));
  checkCount(step, times * rows.copies());
  // The first copy keeps its draws; the others get their own, and a number that
  // tells them apart.
  SeedTree place = SeedTree(0) / each.construct;
  steps[step].set(times * count, times * rows.copies(), [&rows, count, place](uint64_t number) {
    Row row = rows[number % count];
    if (uint64_t copy = number / count) {
      row.key = (SeedTree(row.key) / place.bits() / copy).bits();
      row.copy += static_cast<uint32_t>(copy * rows.copies());
    }
    return row;
  });
}

void PipelineRunner::sort(uint32_t step) {
  std::vector<bool> good;
  std::vector<double> values = numbers(step, good);
  bool falling = pipeline.steps[step].falling;
  std::vector<uint32_t> order = orderBy(values.size(), [&](uint32_t a, uint32_t b) {
    return falling ? values[a] > values[b] : values[a] < values[b];
  });
  std::erase_if(order, [&](uint32_t row) { return !good[row]; });
  steps[step].select(inputRows(step), std::move(order));
}

void PipelineRunner::keep(uint32_t step) {
  const Amount &top = pipeline.steps[step].amount;
  std::vector<bool> good;
  std::vector<double> values = numbers(step, good);
  std::vector<uint32_t> order =
      orderBy(values.size(), [&](uint32_t a, uint32_t b) { return values[a] > values[b]; });
  std::erase_if(order, [&](uint32_t row) { return !good[row]; });
  uint64_t rows = order.size();
  double count = top.isShare ? std::round(top.value * static_cast<double>(rows)) : top.value;
  steps[step].select(inputRows(step), pick(std::move(order), static_cast<uint64_t>(count)));
  note(step, "left out", rows - steps[step].size());
}

} // namespace roux::data
