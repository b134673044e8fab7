//===- plan.cpp - planning, measured --------------------------------------===//
//
// A million long-tailed lengths (lognormal around 1,100 tokens, 12% uniform from 8Ki
// to 64Ki) are packed, planned whole to a file, laid out over ranks and loaded. The
// limits the project set itself stand beside each number.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/batch/BatchLoader.h"
#include "runtime/data/plan/Packing.h"
#include "runtime/data/plan/Planner.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <random>

using namespace roux;
using namespace roux::data;

namespace {

constexpr uint32_t capacity = 65536;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double processor() {
  return double(std::clock()) / CLOCKS_PER_SEC;
}

/// By the clock, and of the processor: on a machine shared with others only the second says much.
struct Seconds {
  double clock = INFINITY, processor = INFINITY;
};

/// The least of three.
template <typename Body>
Seconds best(const Body &body) {
  Seconds least;
  for (int round = 0; round < 3; ++round) {
    double begin = now(), used = processor();
    body();
    least.clock = std::min(least.clock, now() - begin);
    least.processor = std::min(least.processor, processor() - used);
  }
  return least;
}

double peakMegabytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1000;
}

std::vector<uint32_t> longTailed(size_t count) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> usual(7.0, 1.5);
  std::uniform_real_distribution<double> chance(0, 1), longer(8192, capacity);
  std::vector<uint32_t> lengths(count);
  for (uint32_t &length : lengths) {
    double drawn = chance(random) < 0.12 ? longer(random) : usual(random);
    length = static_cast<uint32_t>(std::clamp(drawn, 16.0, double(capacity)));
  }
  return lengths;
}

/// A table as a store would have it, half of each sequence targets, without tokens behind it.
struct Table {
  std::vector<SequenceEntry> entries;
  PlanInput input;

  explicit Table(const std::vector<uint32_t> &lengths) {
    for (uint64_t i = 0; i < lengths.size(); ++i)
      entries.push_back({.offset = 0,
                         .record = i,
                         .part = 0,
                         .source = 0,
                         .tokens = lengths[i],
                         .targets = lengths[i] / 2,
                         .turns = 2,
                         .spans = 0,
                         .sentences = 0,
                         .lastIsInput = 1,
                         .labelRuns = 1,
                         .otherLabels = 0,
                         .roleRuns = 2,
                         .copy = 0});
    input.sequences = entries;
    input.sources = {"data"};
    input.countLabels = [](uint32_t, TokenRange tokens) { return tokens.size() / 2; };
  }
};

void measurePacking(const std::vector<uint32_t> &lengths) {
  double total = 0;
  for (uint32_t length : lengths)
    total += length;
  for (auto [name, fit] :
       {std::pair("next", Fit::Next), std::pair("first", Fit::First), std::pair("best", Fit::Best),
        std::pair("decreasing", Fit::Decreasing)}) {
    Packing packing;
    Seconds seconds = best([&] { packing = packLengths(fit, lengths, capacity); });
    fmt::print(
        "pack {:>9} lengths, fit {:<10} {:8.1f} ms ({:.1f} of the processor)   fill {:6.2f}%{}\n",
        lengths.size(), name, seconds.clock * 1e3, seconds.processor * 1e3,
        100 * total / (double(packing.packs) * capacity),
        fit == Fit::Decreasing ? "   (limit for a million: 100 ms, 99.9%)" : "");
  }
}

std::vector<std::pair<const char *, BatchSpec>> policies() {
  BatchSpec packs{.policy = Policy::Pack, .units = 8, .tokens = capacity, .fit = Fit::Decreasing};
  BatchSpec fill = packs;
  fill.fit = Fit::FillNext;
  return {{"8 * pack, decreasing", packs},
          {"8 * pack, fill", fill},
          {"12 * sorted", {.policy = Policy::Sorted, .units = 12, .sequences = 8}},
          {"each, shuffled", {.policy = Policy::Each, .sequences = 96, .shuffle = true}}};
}

void measurePlans(const std::vector<uint32_t> &lengths, const std::filesystem::path &path) {
  Table table(lengths);
  double before = peakMegabytes();
  for (const auto &[name, batch] : policies()) {
    PlanSpec spec{.seed = 1, .construct = "bench", .batch = batch, .context = capacity};
    Seconds seconds = best([&] { writePlan(path, table.input, spec); });
    fmt::print(
        "plan {:>9} sequences, {:<21} {:8.1f} ms ({:.1f} of the processor)   file {:7.1f} MB{}\n",
        lengths.size(), name, seconds.clock * 1e3, seconds.processor * 1e3,
        double(std::filesystem::file_size(path)) / 1e6,
        lengths.size() == 1000000 ? "   (limits: 1000 ms, 200 MB)" : "");
  }
  fmt::print(
      "plan {:>9} sequences, peak memory          {:8.1f} MB   ({:.1f} MB of it the input)\n",
      lengths.size(), peakMegabytes(), before);
}

/// Over steps of packs, how far ranks differ, and how far the costliest is above what any division
/// reaches. Cost as of a 7B model: quadratic and linear parts are equal at 53,000 positions.
void measureLayouts(const std::vector<uint32_t> &lengths, uint64_t packs, uint32_t ranks,
                    const std::filesystem::path &path) {
  Table table(lengths);
  PlanSpec spec{.seed = 1, .construct = "bench", .context = capacity};
  spec.batch = {.policy = Policy::Pack,
                .units = packs,
                .tokens = capacity,
                .fit = Fit::Decreasing,
                .last = Last::Drop};
  writePlan(path, table.input, spec);
  Plan plan(path);
  uint64_t steps = std::min<uint64_t>(plan.steps(), 500), within = 0;
  double worst = 0, worstAbove = 0, begin = now();
  for (uint64_t s = 0; s < steps; ++s) {
    StepLayout layout = layOut(plan, plan.step(s),
                               {.ranks = ranks, .microBatchTokens = capacity, .quadratic = 1.9e-5});
    double above = layout.costliest() / layout.floor - 1;
    within += layout.spread() <= 0.02 || above <= 0.02;
    worst = std::max(worst, layout.spread());
    worstAbove = std::max(worstAbove, above);
  }
  fmt::print(
      "layout of {:>4} packs on {:>3} ranks: {:5.2f} ms a step; ranks differ by at most {:.2f}%, "
      "{:.2f}% above what any division reaches; {} of {} steps within 2%\n",
      packs, ranks, (now() - begin) / double(steps) * 1e3, 100 * worst, 100 * worstAbove, within,
      steps);
}

Expression sequenceMean() {
  auto node = [](Operation operation, std::vector<uint32_t> operands, double number = 0) {
    Expression::Node made;
    made.operation = operation;
    made.operands = std::move(operands);
    made.number = number;
    return made;
  };
  Expression::Node targets = node(Operation::Read, {}), sequences = targets;
  targets.scope = Scope::Sequence;
  targets.attribute = Attribute::Targets;
  sequences.scope = Scope::Step;
  sequences.attribute = Attribute::Sequences;
  return {{node(Operation::Number, {}, 1), targets, sequences, node(Operation::Multiply, {1, 2}),
           node(Operation::Divide, {0, 3})}};
}

void measureLoading(const std::filesystem::path &folder) {
  std::vector<uint32_t> lengths = longTailed(4000);
  {
    TokenStoreWriter writer(folder / "tokens");
    for (uint64_t i = 0; i < lengths.size(); ++i) {
      std::vector<int32_t> ids(lengths[i], 17);
      NewSequence sequence;
      sequence.record = i;
      sequence.source = "data";
      sequence.ids = sequence.labels = ids;
      writer.append(sequence);
    }
    writer.finish();
  }
  TokenStore store(folder / "tokens");
  PlanInput input(store);
  PlanSpec spec{.seed = 1, .construct = "bench", .context = capacity};
  spec.batch = {.policy = Policy::Pack, .units = 8, .tokens = capacity, .fit = Fit::Decreasing};
  writePlan(folder / "plan", input, spec);
  Plan plan(folder / "plan");
  Expression weight = sequenceMean();
  for (uint32_t threads : {1u, 2u}) {
    uint64_t tokens = 0;
    Seconds seconds = best([&] {
      BatchLoader loader(plan, input, weight,
                         {.run = {.microBatchTokens = capacity}, .threads = threads});
      MicroBatch batch;
      for (tokens = 0; loader.next(batch);)
        tokens += batch.size();
    });
    fmt::print("load {:>9} tokens, {} thread{} {:8.1f} million tokens a second\n", tokens, threads,
               threads == 1 ? " " : "s", double(tokens) / seconds.clock / 1e6);
  }
}

} // namespace

int main() {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("plan_benchmark." + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::vector<uint32_t> million = longTailed(1000000);
  measurePacking(million);
  measurePlans(million, folder / "plan");
  measureLayouts(million, 8, 8, folder / "plan");
  measureLayouts(million, 64, 8, folder / "plan");
  measureLayouts(million, 512, 64, folder / "plan");
  measureLoading(folder);
  std::vector<uint32_t> tenMillion = longTailed(10000000);
  measurePacking(tenMillion);
  measurePlans(tenMillion, folder / "plan");
  std::filesystem::remove_all(folder);
}
