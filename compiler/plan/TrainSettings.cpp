//===- TrainSettings.cpp - a train's schedule, optimizer and saves --------===//
//
// Key by key from the table of constructs to the trainer's structs.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/TrainSettings.h"

#include "compiler/plan/RefusedRecipe.h"
#include "compiler/plan/Words.h"
#include "runtime/train/StepSource.h"

#include <algorithm>
#include <cmath>

namespace roux {

static constexpr std::pair<std::string_view, train::PhaseKind> phases[] = {
    {"warmup", train::PhaseKind::Warmup},
    {"constant", train::PhaseKind::Constant},
    {"linear", train::PhaseKind::Linear},
    {"cosine", train::PhaseKind::Cosine}};

static train::Extent extentOf(const CheckedValue *value) {
  if (!value || value->isNone())
    return {};
  switch (value->measure) {
  case Measure::Percent:
    return {train::ExtentUnit::Share, value->number};
  case Measure::Tokens:
    return {train::ExtentUnit::Tokens, value->number};
  case Measure::Epochs:
    return {train::ExtentUnit::Epochs, value->number};
  default:
    return {train::ExtentUnit::Steps, value->number};
  }
}

static train::Phase phaseOf(const CheckedValue &part) {
  train::Phase phase;
  phase.kind = wordOf(part, phases);
  phase.length = extentOf(part.find(phase.kind == train::PhaseKind::Warmup ? "length" : "over"));
  if (const CheckedValue *end = part.find("to")) {
    phase.to = end->number;
    phase.toShare = end->measure == Measure::Percent;
  }
  return phase;
}

std::vector<train::Phase> phasesOf(const CheckedDefinition &train) {
  const CheckedValue &schedule = train["schedule"];
  if (schedule.kind != ValueKind::List)
    return {phaseOf(schedule)};
  std::vector<train::Phase> parts;
  for (const CheckedValue &part : schedule.items)
    parts.push_back(phaseOf(part));
  return parts;
}

train::TrainingExtent scheduledOver(const CheckedRecipe &recipe, const CheckedDefinition &train,
                                    const PlanOfTrain &planOf) {
  train::TrainingExtent own = train::extentOf(planOf(train));
  if (!carries(train, "schedule"))
    return own;
  train::TrainingExtent extent = scheduledOver(recipe, *recipe.trainBehind(train["model"]), planOf);
  extent.append(own);
  return extent;
}

train::Schedule scheduleOf(const SourceManager &sources, const CheckedDefinition &train,
                           const train::TrainingExtent &extent) {
  try {
    return {optimizerOf(train).peak, phasesOf(train), extent};
  } catch (const train::ScheduleError &error) {
    throw RefusedRecipe(sources, train["schedule"].where, error.what());
  }
}

train::AdamW optimizerOf(const CheckedDefinition &train) {
  const CheckedValue &call = train["optimizer"];
  train::AdamW optimizer;
  optimizer.peak = call["lr"].number;
  const CheckedValue &adamw = call.calls("muon") ? call["rest"] : call;
  optimizer.firstBeta = adamw["betas"].items.at(0).number;
  optimizer.secondBeta = adamw["betas"].items.at(1).number;
  return optimizer;
}

static train::Interval intervalOf(const CheckedValue &every) {
  const CheckedValue &length = every["interval"];
  constexpr double minute = 60, hour = 3600;
  if (length.measure == Measure::Steps)
    return {.steps = std::max<uint64_t>(1, std::llround(length.number))};
  if (length.measure == Measure::Epochs)
    return {.epochs = length.number};
  return {.seconds = length.number * (length.measure == Measure::Hours ? hour : minute)};
}

train::SaveInterval saveOf(const CheckedRecipe &recipe) {
  const CheckedValue &save = recipe.run()["save"];
  if (!save.calls("every"))
    return {};
  train::SaveInterval interval{intervalOf(save)};
  if (const CheckedValue &keep = save["keep"]; !keep.isNone())
    interval.keep = static_cast<uint64_t>(keep.number);
  return interval;
}

train::Interval logOf(const CheckedRecipe &recipe) {
  const CheckedValue &log = recipe.run()["log"];
  return log.calls("every") ? intervalOf(log) : train::Interval{.steps = 1};
}

bool carries(const CheckedDefinition &train, std::string_view what) {
  const CheckedValue &carry = train["carry"];
  return carry.is(what) ||
         std::ranges::any_of(carry.items, [&](const CheckedValue &item) { return item.is(what); });
}

} // namespace roux
