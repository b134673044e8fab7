//===- Schedule.cpp - the learning rate of every step ---------------------===//
//
// Lengths in tokens or epochs become step numbers here; nothing later knows units.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>

namespace roux::train {

static constexpr double pi = 0x1.921fb54442d18p+1;

/// Taylor's series; x in [0, pi / 4], where 10 terms reach the last bit.
static double smallCosine(double x) {
  double square = x * x, term = 1, total = 1;
  for (int n = 1; n <= 9; ++n) {
    term *= -square / (2 * n * (2 * n - 1));
    total += term;
  }
  return total;
}

static double smallSine(double x) {
  double square = x * x, term = x, total = x;
  for (int n = 1; n <= 9; ++n) {
    term *= -square / (2 * n * (2 * n + 1));
    total += term;
  }
  return total;
}

double halfCosine(double t) {
  assert(t >= 0 && t <= 1 && "a share of a phase");
  if (t > 0.5)
    return 1 - halfCosine(1 - t);
  double cosine = t <= 0.25 ? smallCosine(pi * t) : smallSine(pi * (0.5 - t));
  return (1 + cosine) / 2;
}

double TrainingExtent::epochsMade(uint64_t stepsMade) const {
  auto after = std::ranges::upper_bound(epochStarts, stepsMade);
  if (after == epochStarts.begin())
    return 0;
  uint64_t begin = *(after - 1), end = after == epochStarts.end() ? steps() : *after;
  double part =
      end > begin ? static_cast<double>(stepsMade - begin) / static_cast<double>(end - begin) : 0;
  return static_cast<double>(after - epochStarts.begin() - 1) + part;
}

void TrainingExtent::append(const TrainingExtent &after) {
  uint64_t stepsHere = steps(), tokensHere = tokensBefore.back();
  tokensBefore.pop_back();
  for (uint64_t tokens : after.tokensBefore)
    tokensBefore.push_back(tokensHere + tokens);
  for (uint64_t start : after.epochStarts)
    epochStarts.push_back(stepsHere + start);
}

/// Begin of epoch number `epoch`, which may have a fraction and may lie past the last.
static double epochBegin(const TrainingExtent &training, double epoch) {
  const std::vector<uint64_t> &starts = training.epochStarts;
  double whole = std::floor(epoch);
  if (whole >= static_cast<double>(starts.size()))
    return static_cast<double>(training.steps());
  size_t index = static_cast<size_t>(whole);
  double begin = static_cast<double>(starts[index]);
  double end =
      static_cast<double>(index + 1 < starts.size() ? starts[index + 1] : training.steps());
  return begin + (epoch - whole) * (end - begin);
}

/// The number, with a fraction, of the epoch that `step` is in.
static double epochAt(const TrainingExtent &training, uint64_t step) {
  const std::vector<uint64_t> &starts = training.epochStarts;
  size_t index = static_cast<size_t>(std::ranges::upper_bound(starts, step) - starts.begin()) - 1;
  uint64_t end = index + 1 < starts.size() ? starts[index + 1] : training.steps();
  uint64_t length = std::max<uint64_t>(end - starts[index], 1);
  return static_cast<double>(index) +
         static_cast<double>(step - starts[index]) / static_cast<double>(length);
}

uint64_t TrainingExtent::end(uint64_t begin, const Extent &extent) const {
  double last = static_cast<double>(steps()), at = last, first = static_cast<double>(begin);
  switch (extent.unit) {
  case ExtentUnit::Rest:
    break;
  case ExtentUnit::Share:
    at = first + extent.amount * last;
    break;
  case ExtentUnit::Steps:
    at = first + extent.amount;
    break;
  case ExtentUnit::Tokens: {
    double wanted = static_cast<double>(tokensBefore[begin]) + extent.amount;
    auto found = std::ranges::lower_bound(
        tokensBefore, wanted, {}, [](uint64_t tokens) { return static_cast<double>(tokens); });
    at = static_cast<double>(found - tokensBefore.begin());
    break;
  }
  case ExtentUnit::Epochs:
    at = epochBegin(*this, epochAt(*this, begin) + extent.amount);
    break;
  }
  // A product such as 0.03 * 100 may be a hair above the step that is meant.
  return static_cast<uint64_t>(std::clamp(std::ceil(at - 1e-9 * last), first, last));
}

bool TrainingExtent::holds(uint64_t begin, const Extent &extent) const {
  switch (extent.unit) {
  case ExtentUnit::Rest:
  case ExtentUnit::Share:
    return true;
  case ExtentUnit::Steps:
    return static_cast<double>(begin) + extent.amount <= static_cast<double>(steps());
  case ExtentUnit::Tokens:
    return static_cast<double>(tokensBefore[begin]) + extent.amount <=
           static_cast<double>(tokensBefore.back());
  case ExtentUnit::Epochs:
    return epochAt(*this, begin) + extent.amount <= static_cast<double>(epochStarts.size()) + 1e-9;
  }
  return true;
}

static std::string_view spelling(PhaseKind kind) {
  static constexpr std::string_view names[] = {"warmup", "constant", "linear", "cosine"};
  return names[static_cast<size_t>(kind)];
}

Schedule::Schedule(double peak, const std::vector<Phase> &phases, const TrainingExtent &training) {
  uint64_t at = 0;
  double reached = peak;
  for (size_t i = 0; i < phases.size(); ++i) {
    const Phase &phase = phases[i];
    bool isLast = i + 1 == phases.size();
    if (phase.length.unit == ExtentUnit::Rest && !isLast)
      throw ScheduleError(fmt::format("phase {} of the schedule, '{}', needs a length: only the "
                                      "last may take the rest of the training",
                                      i + 1, spelling(phase.kind)));
    if (at >= training.steps() && phase.length.unit != ExtentUnit::Rest && phase.length.amount > 0)
      throw ScheduleError(fmt::format("phase {} of the schedule, '{}', would begin at step {}, but "
                                      "the training has {} steps",
                                      i + 1, spelling(phase.kind), at, training.steps()));
    uint64_t end = training.end(at, phase.length);
    if (end == at && (phase.length.unit == ExtentUnit::Rest || phase.length.amount > 0))
      missed.push_back(fmt::format("phase {} of the schedule, '{}', has none of the {} steps",
                                   i + 1, spelling(phase.kind), training.steps()));
    else if (!training.holds(at, phase.length))
      missed.push_back(
          fmt::format("phase {} of the schedule, '{}', is not over when the training is", i + 1,
                      spelling(phase.kind)));
    Stretch stretch{phase.kind, at, end, reached, reached};
    if (phase.kind == PhaseKind::Warmup)
      stretch.from = 0, stretch.to = peak;
    else if (phase.kind != PhaseKind::Constant)
      stretch.to = phase.toShare ? phase.to * peak : phase.to;
    reached = stretch.to;
    at = end;
    stretches.push_back(stretch);
  }
  if (at < training.steps())
    throw ScheduleError(fmt::format("the schedule ends at step {}, but the training has {} steps; "
                                    "let its last phase take the rest",
                                    at, training.steps()));
}

double Schedule::rate(uint64_t step) const {
  for (const Stretch &part : stretches) {
    if (step >= part.end)
      continue;
    double t = static_cast<double>(step - part.begin) / static_cast<double>(part.end - part.begin);
    switch (part.kind) {
    case PhaseKind::Warmup:
      return t * part.to;
    case PhaseKind::Constant:
      return part.from;
    case PhaseKind::Linear:
      return part.to + (part.from - part.to) * (1 - t);
    case PhaseKind::Cosine:
      return part.to + (part.from - part.to) * halfCosine(t);
    }
  }
  assert(false && "the constructor saw to it that every step has a phase");
  return 0;
}

} // namespace roux::train
