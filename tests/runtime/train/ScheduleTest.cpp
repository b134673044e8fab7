//===- ScheduleTest.cpp - rates against their formulas --------------------===//
//
// The expected numbers come from the formulas as papers and transformers write
// them, evaluated with the standard library.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Schedule.h"
#include "runtime/train/AdamW.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

using namespace roux;
using namespace roux::train;

namespace {

TrainingExtent training(uint64_t steps, uint64_t tokensEach = 10, uint64_t stepsAnEpoch = 0) {
  TrainingExtent extent;
  for (uint64_t step = 0; step <= steps; ++step)
    extent.tokensBefore.push_back(step * tokensEach);
  for (uint64_t step = 0; step < steps; step += stepsAnEpoch ? stepsAnEpoch : steps)
    extent.epochStarts.push_back(step);
  return extent;
}

Extent share(double amount) {
  return {ExtentUnit::Share, amount};
}
Extent steps(double amount) {
  return {ExtentUnit::Steps, amount};
}

std::string refusal(const std::vector<Phase> &phases, const TrainingExtent &extent) {
  try {
    Schedule(1, phases, extent);
  } catch (const ScheduleError &error) {
    return error.what();
  }
  return "";
}

} // namespace

TEST(ScheduleTest, HalfCosine) {
  for (int i = 0; i <= 1000; ++i) {
    double t = i / 1000.0;
    EXPECT_NEAR(halfCosine(t), (1 + std::cos(std::numbers::pi * t)) / 2, 1e-15) << t;
  }
  EXPECT_EQ(halfCosine(0), 1);
  EXPECT_EQ(halfCosine(1), 0);
}

TEST(ScheduleTest, WarmupAndCosineWithFloor) {
  // ProLong's: lr(t) = base * (r + (1 - r) * f(t)) after a linear warmup of a tenth.
  const double base = 1e-5, floor = 0.1;
  Schedule schedule(base, {{PhaseKind::Warmup, share(0.1)}, {PhaseKind::Cosine, {}, floor}},
                    training(5000));
  for (uint64_t step = 0; step < 5000; ++step) {
    double expected = base * step / 500.0;
    if (step >= 500) {
      double f = 0.5 * (1 + std::cos(std::numbers::pi * (step - 500) / 4500.0));
      expected = base * (floor + (1 - floor) * f);
    }
    ASSERT_NEAR(schedule.rate(step), expected, 1e-20) << step;
  }
}

TEST(ScheduleTest, PhasesFollowEachOther) {
  Schedule schedule(1,
                    {{PhaseKind::Warmup, steps(4)},
                     {PhaseKind::Constant, share(0.5)},
                     {PhaseKind::Linear, steps(2), 0.5},
                     {PhaseKind::Linear, {}, 0.1, false}},
                    training(20));
  const double expected[] = {0, 0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0.75, 0.5};
  for (uint64_t step = 0; step < std::size(expected); ++step)
    EXPECT_DOUBLE_EQ(schedule.rate(step), expected[step]) << step;
  EXPECT_DOUBLE_EQ(schedule.rate(18), 0.5 - 0.4 * 2 / 4);
}

TEST(ScheduleTest, TokensAndEpochsAreSteps) {
  TrainingExtent extent = training(40, 100, 10);
  EXPECT_EQ(extent.end(0, {ExtentUnit::Tokens, 1000}), 10u);
  EXPECT_EQ(extent.end(0, {ExtentUnit::Tokens, 1001}), 11u);
  EXPECT_EQ(extent.end(5, {ExtentUnit::Tokens, 1000}), 15u);
  EXPECT_EQ(extent.end(0, {ExtentUnit::Tokens, 1e18}), 40u);
  EXPECT_EQ(extent.end(0, {ExtentUnit::Epochs, 1.5}), 15u);
  EXPECT_EQ(extent.end(5, {ExtentUnit::Epochs, 1}), 15u);
  EXPECT_EQ(extent.end(0, {ExtentUnit::Epochs, 9}), 40u);
  EXPECT_EQ(extent.end(0, share(0.3)), 12u);
  EXPECT_EQ(training(100).end(0, share(0.07)), 7u);
}

TEST(ScheduleTest, Refusals) {
  EXPECT_EQ(refusal({{PhaseKind::Constant, {}}, {PhaseKind::Cosine, {}}}, training(10)),
            "phase 1 of the schedule, 'constant', needs a length: only the last may take the rest "
            "of the training");
  EXPECT_EQ(refusal({{PhaseKind::Warmup, steps(5)}}, training(10)),
            "the schedule ends at step 5, but the training has 10 steps; let its last phase take "
            "the rest");
  EXPECT_EQ(refusal({{PhaseKind::Warmup, steps(10)}, {PhaseKind::Linear, steps(3)}}, training(10)),
            "phase 2 of the schedule, 'linear', would begin at step 10, but the training has 10 "
            "steps");
}

TEST(ScheduleTest, WhatTheTrainingIsTooShortFor) {
  auto unreached = [](const std::vector<Phase> &phases, const TrainingExtent &extent) {
    std::string text;
    Schedule schedule(1, phases, extent);
    for (const std::string &each : schedule.unreached())
      text += each + "\n";
    return text;
  };
  TrainingExtent extent = training(10, 100, 5);
  Phase rest{PhaseKind::Cosine, {}};
  std::string over = "phase 1 of the schedule, 'warmup', is not over when the training is\n",
              none = "phase 2 of the schedule, 'cosine', has none of the 10 steps\n";
  EXPECT_EQ(unreached({{PhaseKind::Warmup, steps(9)}, rest}, extent), "");
  EXPECT_EQ(unreached({{PhaseKind::Warmup, steps(10)}, rest}, extent), none);
  EXPECT_EQ(unreached({{PhaseKind::Warmup, steps(11)}, rest}, extent), over + none);
  EXPECT_EQ(unreached({{PhaseKind::Warmup, {ExtentUnit::Tokens, 1001}}, rest}, extent),
            over + none);
  EXPECT_EQ(unreached({{PhaseKind::Warmup, {ExtentUnit::Epochs, 3}}, rest}, extent), over + none);
  EXPECT_EQ(unreached({{PhaseKind::Warmup, {ExtentUnit::Epochs, 1.5}}, rest}, extent), "");
  EXPECT_EQ(unreached({{PhaseKind::Warmup, share(0)}, rest}, extent), "");
  EXPECT_EQ(unreached({{PhaseKind::Warmup, share(1)}}, extent), "");
}

TEST(ScheduleTest, NoWarmupOfNoLength) {
  Schedule schedule(2, {{PhaseKind::Warmup, share(0)}, {PhaseKind::Constant, {}}}, training(3));
  EXPECT_EQ(schedule.rate(0), 2);
}

TEST(AdamWTest, CorrectionsOfTheMoments) {
  AdamW optimizer;
  optimizer.secondBeta = 0.95;
  UpdateScalars first = updateScalars(optimizer, 3e-4, 0), third = updateScalars(optimizer, 0, 2);
  EXPECT_EQ(first.rate, 3e-4);
  EXPECT_DOUBLE_EQ(first.firstCorrection, 1 - 0.9);
  EXPECT_DOUBLE_EQ(third.firstCorrection, 1 - 0.9 * 0.9 * 0.9);
  EXPECT_DOUBLE_EQ(third.secondCorrection, 1 - 0.95 * 0.95 * 0.95);
}

TEST(AdamWTest, ClipKeepsSmallGradients) {
  EXPECT_EQ(clipFactor(0.5, 1), 1);
  EXPECT_EQ(clipFactor(4, 1), 0.25);
  EXPECT_EQ(clipFactor(4, 0), 1);
}
