//===- StepSource.h - where a trainer's steps come from -------------------===//
//
// A plan and a loader in a real run; anything that makes the same micro-batches for
// the same step elsewhere.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/batch/BatchLoader.h"
#include "runtime/train/Schedule.h"

#include <memory>
#include <string>

namespace roux::train {

class StepSource {
public:
  virtual ~StepSource() = default;

  virtual uint64_t steps() const = 0;
  virtual uint64_t epoch(uint64_t step) const = 0;
  /// Epochs, and parts of one, that are over after so many steps.
  virtual double epochsMade(uint64_t stepsMade) const { return 0; }
  /// Begins at `firstStep`; whatever came before is forgotten.
  virtual void start(uint64_t firstStep) = 0;
  /// The next micro-batch; false after the last.
  virtual bool next(data::MicroBatch &batch) = 0;
  /// Seconds that next() has waited since start().
  virtual double waitedSeconds() const { return 0; }
  /// Names of some sequences of a step, for messages.
  virtual std::string names(uint64_t step, const data::Portion &sequences) const = 0;
};

/// The steps of a plan. Plan, input and weight must outlive it.
class PlanSource : public StepSource {
public:
  /// `options`: which steps is the trainer's to say; the rest is used.
  PlanSource(const data::Plan &plan, const data::PlanInput &input, const Expression &weight,
             data::LoaderOptions options);

  uint64_t steps() const override { return plan.steps(); }
  uint64_t epoch(uint64_t step) const override { return plan.step(step).counts.epoch; }
  double epochsMade(uint64_t stepsMade) const override { return extent.epochsMade(stepsMade); }
  void start(uint64_t firstStep) override;
  bool next(data::MicroBatch &batch) override { return loader->next(batch); }
  double waitedSeconds() const override { return loader ? loader->waitedSeconds() : 0; }
  std::string names(uint64_t step, const data::Portion &sequences) const override;

private:
  const data::Plan &plan;
  const data::PlanInput &input;
  const Expression &weight;
  TrainingExtent extent;
  data::LoaderOptions options;
  std::unique_ptr<data::BatchLoader> loader;
};

/// How long the training of a plan is, for its schedule.
TrainingExtent extentOf(const data::Plan &plan);

} // namespace roux::train
