//===- MeasureKernels.cpp - the kernels of a train, timed here ------------===//
//
// The micro-batch is the plan's own, so that segments are as long, and labels as
// many, as they will be.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/MeasureKernels.h"

#include "compiler/frontend/SplitWeight.h"
#include "compiler/tools/TrainBuild.h"
#include "compiler/tools/TunedWeights.h"
#include "runtime/model/FreshWeights.h"
#include "runtime/train/StepSource.h"

namespace roux {

/// The first micro-batch that training would see.
static data::MicroBatch firstBatch(const CheckedDefinition &train, const FittedStep &fitted,
                                   const TrainingData &data) {
  data::PlanInput input(data.store);
  data::LoaderOptions loading;
  loading.run.microBatchTokens = fitted.microBatch;
  loading.inputs = splitWeight(train["weight"].expression).inputs;
  train::PlanSource source(data.plan, input, train["weight"].expression, loading);
  source.start(0);
  data::MicroBatch batch;
  if (!source.next(batch))
    throw std::runtime_error("the plan has no step whose kernels could be timed");
  return batch;
}

/// What GEMMs and attention could do on this processor in the step's type.
static double productsPeak(const StepSource &source, const TargetDescription &target,
                           const Ceilings &ceilings) {
  if (source.type == StepType::F64)
    return ceilings.f32 / 2;
  if (source.type == StepType::BF16 && target.blocks)
    return ceilings.blocks;
  return source.type == StepType::BF16 && target.pairs ? ceilings.pairs : ceilings.f32;
}

MeasuredKernels measureKernels(const SourceManager &sources, const CheckedRecipe &recipe,
                               const CheckedDefinition &train, const FittedStep &fitted,
                               const TrainingData &data) {
  constexpr int steps = 3;
  data::MicroBatch batch = firstBatch(train, fitted, data);
  std::unique_ptr<train::ModelProgram> program = programFor(recipe, fitted.source);
  const model::ModelConfig &config = fitted.source.config;
  model::Weights fresh = model::freshWeights(config, 0.02, data::SeedTree(recipe.seed));
  program->setParameters(beginningOf(sources, recipe, train, {config, std::move(fresh)}));
  train::CompiledStep step(*program);
  std::vector<KernelTime> before;
  for (int i = 0; i < steps; ++i) {
    before = program->executor().times();
    step.beginStep();
    step.addGradient(batch);
    step.update({.rate = 0}, 1);
  }
  const std::vector<KernelTime> &after = program->executor().times();
  const Program &compiled = program->executor().program();
  MeasuredKernels measured;
  for (size_t i = 0; i < after.size(); ++i)
    measured.kernels[compiled.kernels[i]] = {after[i].processor - before[i].processor,
                                             after[i].launches - before[i].launches,
                                             after[i].rows - before[i].rows};
  train::StreamColumns columns = train::columnsOf(batch);
  for (size_t i = 0; i + 1 < columns.segments.size(); ++i)
    measured.segments.push_back(columns.segments[i + 1] - columns.segments[i]);
  measured.ceilings = measureCeilings();
  measured.products = productsPeak(fitted.source, compiled.target, measured.ceilings);
  return measured;
}

} // namespace roux
