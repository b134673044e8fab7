//===- DataSummary.cpp - what a plan will train on, on one screen ---------===//
//
// Counts come from the plan's tables, which are small; weights have to be computed,
// so they are looked at in a sample of steps, and the text says of how many.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/view/DataSummary.h"

#include "runtime/data/view/ContextLedger.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace roux::data {

void Spread::add(double value) {
  least = count ? std::min(least, value) : value;
  most = count ? std::max(most, value) : value;
  mean += (value - mean) / static_cast<double>(++count);
}

static void countSources(DataSummary &summary, const TokenStore &store) {
  for (const std::string &name : store.sources())
    summary.sources.push_back({.name = name});
  for (const SequenceEntry &entry : store.sequences()) {
    DataSummary::SourceCount &source = summary.sources[entry.source];
    ++source.sequences;
    source.tokens += entry.tokens;
    source.targets += entry.targets;
  }
}

/// Steps, lengths and occupancy; lengths are those of the first epoch.
static void countSteps(DataSummary &summary, const Plan &plan) {
  uint64_t packs = 0, positions = 0;
  for (uint64_t s = 0; s < plan.steps(); ++s) {
    PlanStep step = plan.step(s);
    summary.epochs = std::max<uint64_t>(summary.epochs, step.counts.epoch + 1);
    summary.sequences.add(step.counts.count);
    summary.positions.add(static_cast<double>(step.counts.positions));
    summary.targets.add(static_cast<double>(step.counts.targets));
    packs += step.counts.packCount;
    positions += step.counts.positions;
    if (step.counts.epoch > 0)
      continue;
    for (const PlacedSequence &placed : step.sequences) {
      size_t bar = static_cast<size_t>(std::bit_width(placed.positions)) - 1;
      summary.lengths.resize(std::max(summary.lengths.size(), bar + 1));
      ++summary.lengths[bar].sequences;
      summary.lengths[bar].tokens += placed.tokens();
    }
  }
  summary.steps = plan.steps();
  if (uint64_t capacity = plan.rules().packCapacity)
    summary.occupancy = static_cast<double>(positions) /
                        (static_cast<double>(packs) * static_cast<double>(capacity));
}

static void weighStep(DataSummary &summary, const Plan &plan, const TokenStore &store,
                      const PlanInput &input, const Expression &weight, uint64_t index) {
  PlanStep step = plan.step(index);
  WeightSummary of = summarize(StepWeights(weight, input, plan, step), plan, store);
  bool first = summary.stepsWeighed++ == 0;
  summary.weightSums.add(of.sum);
  summary.zeroWeights += of.zeroWeights;
  auto name = [&](uint32_t sequence) {
    return fmt::format("{}, step {}", store.name(step.sequences[sequence].sequence), index);
  };
  if (first || of.lightest < summary.lightest) {
    summary.lightest = of.lightest;
    summary.lightestName = name(of.lightestIndex);
  }
  if (first || of.heaviest > summary.heaviest) {
    summary.heaviest = of.heaviest;
    summary.heaviestName = name(of.heaviestIndex);
  }
}

DataSummary summarize(const Plan &plan, const TokenStore &store, const Expression &weight,
                      const RunShape &run, uint64_t sequences) {
  DataSummary summary;
  countSources(summary, store);
  countSteps(summary, plan);
  summary.context = contextOf(plan, store).text();
  summary.ledger = plan.ledger().text();
  PlanInput input(store);
  double each = std::max(summary.sequences.mean, 1.0);
  uint64_t wanted = std::clamp<uint64_t>(
      static_cast<uint64_t>(static_cast<double>(sequences) / each), 1, summary.steps);
  for (uint64_t i = 0; i < wanted; ++i) {
    uint64_t index = i * summary.steps / wanted;
    if (!weight.usesModel())
      weighStep(summary, plan, store, input, weight, index);
    StepLayout layout = layOut(plan, plan.step(index), run);
    if (!summary.worst || layout.spread() > summary.worst->spread())
      summary.worst = std::move(layout);
  }
  return summary;
}

static std::string spreadText(const char *what, const Spread &spread) {
  return fmt::format("  {:<22} {:>12.0f} {:>12.1f} {:>12.0f}\n", what, spread.least, spread.mean,
                     spread.most);
}

static std::string histogram(const std::vector<DataSummary::Bar> &lengths) {
  uint64_t most = 1;
  size_t first = lengths.size();
  for (size_t i = 0; i < lengths.size(); ++i) {
    most = std::max(most, lengths[i].sequences);
    if (lengths[i].sequences)
      first = std::min(first, i);
  }
  std::string out = "lengths, in positions\n";
  for (size_t i = first; i < lengths.size(); ++i) {
    std::string bar;
    for (uint64_t n = (lengths[i].sequences * 40 + most - 1) / most; n > 0; --n)
      bar += "█";
    out += fmt::format("  {:>9} to {:>9} {:>9} sequences {:>13} tokens  {}\n", uint64_t(1) << i,
                       (uint64_t(2) << i) - 1, lengths[i].sequences, lengths[i].tokens, bar);
  }
  return out;
}

static std::string weightText(const DataSummary &summary) {
  if (summary.stepsWeighed == 0)
    return "weights: a model has a say in them, so they are known only while training\n";
  std::string out = fmt::format("weights, in {} of {} steps\n  sum of a step {:.12g} to {:.12g}\n",
                                summary.stepsWeighed, summary.steps, summary.weightSums.least,
                                summary.weightSums.most);
  out +=
      fmt::format("  lightest sequence {:.6g} ({})\n  heaviest sequence {:.6g} ({})",
                  summary.lightest, summary.lightestName, summary.heaviest, summary.heaviestName);
  if (summary.lightest > 0)
    out += fmt::format(", {:.4g} times as much", summary.heaviest / summary.lightest);
  out += "\n";
  if (summary.zeroWeights)
    out += fmt::format("  warning: {} targets weigh 0 and are trained on nothing\n",
                       summary.zeroWeights);
  return out;
}

std::string DataSummary::text() const {
  std::string out = "data\n";
  for (const SourceCount &source : sources)
    out += fmt::format("  {:<22} {:>9} sequences {:>13} tokens {:>13} targets\n", source.name,
                       source.sequences, source.tokens, source.targets);
  out += histogram(lengths);
  out += fmt::format("steps: {} in {} epoch{}\n  {:<22} {:>12} {:>12} {:>12}\n", steps, epochs,
                     epochs == 1 ? "" : "s", "a step has", "least", "mean", "most");
  out += spreadText("sequences", sequences) + spreadText("positions", positions) +
         spreadText("target tokens", targets);
  if (occupancy > 0)
    out += fmt::format("packs are {:.2f}% full\n", 100 * occupancy);
  out += weightText(*this);
  if (worst && worst->ranks.size() > 1)
    out += fmt::format("ranks: {}\n", worst->text());
  return out + context + "ledger\n" + ledger;
}

} // namespace roux::data
