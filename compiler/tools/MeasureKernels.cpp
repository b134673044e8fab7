//===- MeasureKernels.cpp - the kernels of a train, timed or counted ------===//
//
// The micro-batch is the plan's own, so that segments are as long, and labels as
// many, as they will be.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/MeasureKernels.h"

#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/StepOfRecipe.h"
#include "compiler/tools/TrainBuild.h"
#include "compiler/tools/TunedWeights.h"
#include "runtime/cpu/Ceilings.h"
#include "runtime/model/FreshWeights.h"
#include "runtime/train/StepSource.h"

#include <algorithm>
#include <numeric>

namespace roux {

/// The first micro-batch that training would see.
static data::MicroBatch firstBatch(const CheckedDefinition &train, const FittedStep &fitted,
                                   const TrainingData &data) {
  data::PlanInput input(data.store);
  data::PairReference noReference(data.store.sequences().size()); // numbers change no time
  input.reference = &noReference;
  data::LoaderOptions loading;
  loading.run.microBatchTokens = fitted.microBatch;
  loading.inputs = formulaOf(train).inputs;
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

/// Of a GPU, as it was measured in bf16 (bench/results/2026-11-22-h100-*.md).
struct KnownGPU {
  std::string_view architecture;
  Rates best;        ///< of anybody's kernels
  Rates expected;    ///< of kernels as ours are; of attention with heads of 128 columns
  Rates narrow;      ///< of attention alone, with heads of at most 64
  double launchCost; ///< seconds
  int64_t multiprocessors;
};
/// Attention by mma.sync was measured forward; its gradient is taken to be as much slower as that
/// of FlashAttention 2. By wgmma none of ours was: what cuDNN's reach (590 and 500, narrow 420 and
/// 350), less a fifth because threads copy, and all of them meet for each block. GEMMs by wgmma
/// were measured with the copy engine, `nt` (715 to 765); the others are taken to be a little
/// slower, and that threads copy to cost as much as there.
static constexpr KnownGPU knownGPUs[] = {
    {"sm_90a",
     {798e3, 798e3, 798e3, 60e3, 3020, 798e3},
     {600e3, 275e3, 240e3, 60e3, 2980, 700e3, 470e3, 400e3},
     {.attentionForward = 225e3,
      .attentionBackward = 195e3,
      .warpgroupForward = 335e3,
      .warpgroupBackward = 280e3},
     3.1e-6,
     132},
};

/// The known one whose code is for `architecture`; none for another type of numbers.
static const KnownGPU *knownGPU(std::string_view architecture, StepType type) {
  const auto *gpu = std::ranges::find(knownGPUs, architecture, &KnownGPU::architecture);
  return gpu == std::end(knownGPUs) || type != StepType::BF16 ? nullptr : gpu;
}

/// Zeros of a GPU that nobody has measured.
static Rates ratesHere(const StepSource &source, const TargetDescription &target) {
  if (target.isGPU()) {
    const KnownGPU *gpu = knownGPU(target.name, source.type);
    return gpu ? gpu->best : Rates();
  }
  Ceilings ceilings = measureCeilings();
  double products = productsPeak(source, target, ceilings);
  return {products, products, products, ceilings.f32, ceilings.read};
}

/// The kernels of one step of one micro-batch, whose times are those of the last of `steps`.
static MeasuredKernels kernelsOf(train::ModelProgram &program, const data::MicroBatch &batch,
                                 int steps) {
  train::CompiledStep step(program);
  std::vector<KernelTime> before;
  for (int i = 0; i < steps; ++i) {
    before = program.executor().times();
    step.beginStep();
    step.addGradient(batch);
    step.numbers();
    step.update({.rate = 0}, 1);
  }
  const std::vector<KernelTime> &after = program.executor().times();
  const Program &compiled = program.executor().program();
  MeasuredKernels measured;
  measured.isOfGPU = compiled.target.isGPU();
  for (size_t i = 0; i < after.size(); ++i)
    measured.kernels[compiled.kernels[i]] = {
        measured.isOfGPU ? after[i].seconds - before[i].seconds
                         : after[i].processor - before[i].processor,
        after[i].launches - before[i].launches, after[i].rows - before[i].rows};
  train::StreamColumns columns = train::columnsOf(batch);
  for (size_t i = 0; i + 1 < columns.segments.size(); ++i)
    measured.segments.push_back(columns.segments[i + 1] - columns.segments[i]);
  measured.choices = program.kernelChoices();
  return measured;
}

MeasuredKernels measureKernels(const SourceManager &sources, const CheckedRecipe &recipe,
                               const CheckedDefinition &train, const FittedStep &fitted,
                               const TrainingData &data) {
  std::unique_ptr<train::ModelProgram> program = programFor(recipe, fitted.source);
  const model::ModelConfig &config = fitted.source.config;
  model::Weights fresh = model::freshWeights(config, 0.02, data::SeedTree(recipe.seed));
  program->setParameters(beginningOf(sources, recipe, train, {config, std::move(fresh)}));
  return measureKernels(*program, train, fitted, data);
}

MeasuredKernels measureKernels(train::ModelProgram &program, const CheckedDefinition &train,
                               const FittedStep &fitted, const TrainingData &data) {
  program.timeLaunches();
  // A GPU's library and its kernels take turns, two each, before who is quicker runs.
  int steps = program.executor().program().target.isGPU() ? 5 : 3;
  MeasuredKernels measured = kernelsOf(program, firstBatch(train, fitted, data), steps);
  measured.best = ratesHere(fitted.source, program.executor().program().target);
  return measured;
}

namespace {
/// Has no memory and runs nothing: what walks a program on it counts launches.
class CountingDevice : public Device {
public:
  std::string name() const override { return "none"; }
  bool sharesMemory() const override { return false; }
  std::shared_ptr<std::byte> allocate(size_t, const std::string &, Fill) override {
    return {std::shared_ptr<std::byte>(), &nowhere};
  }
  void upload(std::byte *, std::span<const std::byte>) override {}
  void download(std::span<std::byte>, const std::byte *) override {}
  void copy(std::byte *, const std::byte *, size_t) override {}
  void zero(std::byte *, size_t) override {}
  std::unique_ptr<LoadedKernels> load(const Program &) override {
    struct Nothing : LoadedKernels {
      void launch(const KernelLaunch &) override {}
    };
    return std::make_unique<Nothing>();
  }

private:
  std::byte nowhere{};
};
} // namespace

/// A micro-batch of one sequence, or one pair of answers, each of whose tokens is a target.
static data::MicroBatch oneSequence(const CheckedDefinition &train, int64_t tokens) {
  data::MicroBatch batch;
  batch.tokens.assign(tokens, 0);
  batch.labels.assign(tokens, 0);
  batch.positions.resize(tokens);
  std::iota(batch.positions.begin(), batch.positions.end(), 0);
  batch.segmentOffsets = {0, tokens};
  batch.arePairs = train["loss"].expression.readsPairs();
  if (batch.arePairs)
    batch.segmentOffsets = {0, tokens / 2, tokens};
  batch.targets = tokens;
  for (const WeightInput &input : formulaOf(train).inputs)
    batch.inputs.push_back(
        {input.name, input.perToken,
         std::vector<double>(input.perToken && !batch.arePairs ? tokens : 1, 1)});
  return batch;
}

std::optional<MeasuredKernels> predictKernels(const CheckedDefinition &train,
                                              const FittedStep &fitted, const TrainingData *data) {
  const KnownGPU *gpu = knownGPU(fitted.source.machine, fitted.source.type);
  if (!gpu)
    return std::nullopt;
  std::optional<Program> outline = outlineStep(fitted.source, kernelCacheFolder());
  if (!outline)
    throw std::runtime_error("the model could not be compiled");
  train::ModelProgram program(std::move(*outline), fitted.source.config,
                              std::make_shared<CountingDevice>());
  MeasuredKernels counted = kernelsOf(
      program, data ? firstBatch(train, fitted, *data) : oneSequence(train, fitted.memory.tokens),
      1);
  counted.best = gpu->best;
  counted.expected = gpu->expected;
  if (fitted.source.config.headChannels <= 64) {
    counted.expected.attentionForward = gpu->narrow.attentionForward;
    counted.expected.attentionBackward = gpu->narrow.attentionBackward;
    counted.expected.warpgroupForward = gpu->narrow.warpgroupForward;
    counted.expected.warpgroupBackward = gpu->narrow.warpgroupBackward;
  }
  counted.launchCost = gpu->launchCost;
  counted.architecture = gpu->architecture;
  counted.multiprocessors = gpu->multiprocessors;
  return counted;
}

} // namespace roux
