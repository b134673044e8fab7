//===- StepSource.cpp - the steps of a plan -------------------------------===//
//
// A resume is a new loader that begins at another step; there is no state to save.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/StepSource.h"

#include <fmt/format.h>

namespace roux::train {

/// How many names a message lists.
static constexpr size_t mostNames = 8;

PlanSource::PlanSource(const data::Plan &plan, const data::PlanInput &input,
                       const Expression &weight, data::LoaderOptions options)
    : plan(plan), input(input), weight(weight), extent(extentOf(plan)), options(options) {}

void PlanSource::start(uint64_t firstStep) {
  loader.reset(); // its threads first: two loaders would read ahead twice
  options.firstStep = firstStep;
  loader = std::make_unique<data::BatchLoader>(plan, input, weight, options);
}

std::string PlanSource::names(uint64_t step, const data::Portion &sequences) const {
  data::PlanStep planned = plan.step(step);
  std::string text;
  for (size_t i = 0; i < std::min(sequences.size(), mostNames); ++i)
    text += (i ? ", " : "") + input.name(planned.sequences[sequences[i]].sequence);
  if (sequences.size() > mostNames)
    text += fmt::format(" and {} more", sequences.size() - mostNames);
  return text;
}

TrainingExtent extentOf(const data::Plan &plan) {
  TrainingExtent extent;
  uint64_t tokens = 0;
  for (uint64_t step = 0; step < plan.steps(); ++step) {
    const data::PlannedStep counts = plan.step(step).counts;
    extent.tokensBefore.push_back(tokens);
    tokens += counts.positions;
    if (counts.epoch >= extent.epochStarts.size())
      extent.epochStarts.resize(counts.epoch + 1, step);
  }
  extent.tokensBefore.push_back(tokens);
  return extent;
}

} // namespace roux::train
