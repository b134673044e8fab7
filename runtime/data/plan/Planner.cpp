//===- Planner.cpp - from tokens and a spec to a plan file ----------------===//
//
// Passes over the data until the length asked for is reached. A pass that would be
// the same as the first is not formed again, only its steps are listed again.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/plan/Planner.h"

#include "runtime/data/plan/Epoch.h"
#include "runtime/data/plan/PlanWriter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace roux::data {

namespace {

/// More than anybody trains; what a mistyped length would ask for is refused instead of planned.
constexpr uint64_t mostSteps = uint64_t(1) << 24;

/// How many steps of a pass with `steps` are wanted, if all before gave `done` steps.
uint64_t stepsWanted(const PlanLength &length, uint64_t pass, uint64_t steps, uint64_t done) {
  double left = length.amount;
  switch (length.unit) {
  case PlanLength::Unit::Epochs:
    left = std::ceil((length.amount - static_cast<double>(pass)) * static_cast<double>(steps));
    break;
  case PlanLength::Unit::Steps:
    left = std::ceil(length.amount) - static_cast<double>(done);
    break;
  case PlanLength::Unit::Tokens:
    // The writer stops at the step that reaches them.
    return steps;
  }
  return static_cast<uint64_t>(std::clamp(left, 0.0, static_cast<double>(steps)));
}

/// Refuses, after the first pass, a length that passes like it would not reach in time.
void checkSteps(const PlanLength &length, const Epoch &epoch) {
  double steps = static_cast<double>(epoch.stepCount()), tokens = 0;
  for (uint32_t member : epoch.members)
    tokens += epoch.pieces[member].tokens();
  double inAll = length.unit == PlanLength::Unit::Epochs   ? length.amount * steps
                 : length.unit == PlanLength::Unit::Tokens ? length.amount / tokens * steps
                                                           : length.amount;
  if (inAll > mostSteps)
    throw PlanError(fmt::format("a length of {:.0f} steps, expected at most {}", inAll, mostSteps));
}

[[noreturn]] void refuseEmpty(const PlanInput &input, const PlanSpec &spec, const Epoch &epoch) {
  throw PlanError(fmt::format("{} sequences give no step of {}\n{}", input.sequences.size(),
                              spec.batch.text(), epoch.losses.text()));
}

} // namespace

void writePlan(const std::filesystem::path &path, const PlanInput &input, const PlanSpec &spec) {
  spec.check();
  PlanWriter writer(path, input, spec);
  std::optional<Epoch> epoch;
  uint64_t last = 0; // steps of the pass that the training ends in
  for (uint32_t pass = 0; !writer.isLongEnough(); ++pass) {
    if (!epoch || spec.batch.shuffle) {
      epoch.reset(); // two of them are not in memory at once
      epoch = formEpoch(input, spec, pass);
    }
    if (epoch->stepCount() == 0)
      refuseEmpty(input, spec, *epoch);
    if (pass == 0)
      checkSteps(spec.length, *epoch);
    uint64_t wanted = stepsWanted(spec.length, pass, epoch->stepCount(), writer.steps());
    if (wanted == 0)
      break;
    uint64_t before = writer.steps();
    writer.add(*epoch, pass, wanted);
    last = writer.steps() - before;
  }
  if (epoch && spec.batch.policy == Policy::Bucket)
    writer.warnOfCycle(*epoch, last);
  writer.finish();
}

} // namespace roux::data
