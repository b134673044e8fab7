//===- Trainer.cpp - from the first step to the last ----------------------===//
//
// Order matters in one place: nothing is updated before loss and norm are known to
// be numbers, so the weights of a run that diverged are still those of a good step. They are read
// there, once a step, and nowhere else.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Trainer.h"

#include "runtime/data/LostBytes.h"
#include "runtime/train/EventFile.h"
#include "runtime/train/PairMetrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

namespace roux::train {

static double steadySeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
static double wallSeconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Without the sign, which a NaN has and nobody asked for.
static std::string_view spelled(double notFinite) {
  return std::isnan(notFinite) ? "nan" : notFinite > 0 ? "inf" : "-inf";
}

/// Who saves nothing on the way but what is best keeps that and the end.
static uint64_t keptBy(const TrainerOptions &options) {
  return options.save.isNever() && !options.watched.empty() ? 1 : options.save.keep;
}

Trainer::Trainer(TrainerOptions given, Schedule schedule, StepSource &source, StepProgram &program,
                 Progress &progress)
    : options(std::move(given)), schedule(std::move(schedule)), source(source), program(program),
      progress(progress), checkpoints(options.folder, keptBy(options)) {}

TrainResult Trainer::run() {
  lock.emplace(options.folder);
  uint64_t bytes = 0;
  for (const TensorBytes &tensor : program.tensors())
    bytes += tensor.bytes.size();
  resume();
  if (!result.finished) {
    checkRoom(options.folder, bytes);
    loop();
  }
  result.stepsMade = state.step;
  result.updates = state.updates;
  result.best = state.best;
  result.usefulTokens = state.usefulTokens;
  result.seconds = state.secondsTrained;
  return result;
}

void Trainer::resume() {
  std::vector<std::string> damaged;
  std::optional<Checkpoint> last = checkpoints.latest(damaged);
  for (const std::string &message : damaged)
    progress.say(message + "; the one before is used");
  if (!last) {
    state.identity = options.identity;
    state.seed = options.seed;
    state.updates = options.carriedUpdates;
    return;
  }
  std::filesystem::path file = checkpoints.file(last->state().step);
  result.sameRun = checkIdentity(file, last->state().identity, options.identity);
  state = last->state();
  state.identity = options.identity;
  program.useKernelChoices(state.kernelChoices);
  std::vector<TensorBytes> tensors = program.tensors();
  last->checkAllUsed(tensors);
  last->restore(tensors);
  program.tensorsChanged();
  data::refuseLostBytes();
  result.firstStep = state.step;
  result.finished = isOver();
  savedStep = state.step;
  // Who was killed between a save and this left one more than there should be.
  retain();
  if (!result.finished)
    progress.say(fmt::format("resumed at step {}{}", state.step,
                             result.sameRun ? ""
                                            : " under another `run`: equal to the uninterrupted "
                                              "training to rounding, not to the bit"));
}

void Trainer::loop() {
  MetricsFile metricsFile(options.folder / "metrics.jsonl", state.step);
  EventFile events(options.folder / "events", state.step);
  source.start(state.step);
  lastSave = lastLog = steadySeconds();
  while (!isOver()) {
    StepMetrics metrics = makeStep(state.step);
    ++state.step;
    state.usefulTokens += static_cast<double>(metrics.tokens);
    state.secondsTrained += metrics.seconds;
    if (options.evaluateSteps && options.evaluate && state.step % options.evaluateSteps == 0)
      std::ranges::move(options.evaluate(state.step), std::back_inserter(metrics.measured));
    bool isBestYet = isBest(metrics.measured);
    // The first line is of the first step, and the next ones of as many later.
    if (options.log.isDue(metrics.step, steadySeconds() - lastLog) ||
        hasPassed(options.log.epochs) || isOver() || isEvaluated(metrics.measured)) {
      lastLog = steadySeconds();
      metricsFile.write(metrics);
      events.write(metrics.step, wallSeconds(), named(metrics));
    }
    progress.show(metrics);
    bool stops = options.stop && options.stop->load();
    if (stops || isBestYet || hasPassed(options.save.epochs) ||
        options.save.isDue(state.step, steadySeconds() - lastSave))
      save();
    if (stops && !isOver()) {
      progress.say(fmt::format("stopped after step {}; the next start goes on there", state.step));
      return;
    }
  }
  if (savedStep != state.step)
    save();
  result.finished = true;
}

StepMetrics Trainer::makeStep(uint64_t step) {
  StepMetrics metrics;
  metrics.step = step;
  metrics.epoch = source.epoch(step);
  double started = steadySeconds(), waitedBefore = source.waitedSeconds();
  program.beginStep();
  addGradientsOrSave(step, metrics);
  if (!std::isfinite(metrics.gradientNorm))
    diverged(step, fmt::format("the gradient's norm is {}", spelled(metrics.gradientNorm)), {});
  metrics.rate = schedule.rate(step + options.scheduleStart);
  metrics.clip = clipFactor(metrics.gradientNorm, options.clip);
  program.update(updateScalars(options.optimizer, metrics.rate, state.updates), metrics.clip);
  ++state.updates;
  metrics.seconds = steadySeconds() - started;
  metrics.waited = source.waitedSeconds() - waitedBefore;
  metrics.memory = residentBytes();
  return metrics;
}

void Trainer::addGradients(uint64_t step, StepMetrics &metrics) {
  std::vector<data::Portion> sequences; // of each micro-batch
  PairMetrics pairs;
  do {
    if (!source.next(batch) || batch.step != step)
      throw std::logic_error(fmt::format("no micro-batch came for step {}", step));
    program.addGradient(batch);
    sequences.push_back(batch.sequences);
    pairs.await(batch);
    metrics.tokens += batch.size();
    metrics.targets += batch.targets;
  } while (batch.portion + 1 < batch.portions);
  StepNumbers numbers = program.numbers();
  for (size_t i = 0; i < sequences.size(); ++i) {
    double part = numbers.losses[i];
    if (!std::isfinite(part))
      diverged(step, fmt::format("the loss is {}", spelled(part)), sequences[i]);
    metrics.loss += part;
    pairs.add(numbers.answers[i]);
  }
  metrics.gradientNorm = numbers.gradientNorm;
  pairs.give(metrics.measured);
  data::refuseLostBytes();
}

void Trainer::addGradientsOrSave(uint64_t step, StepMetrics &metrics) {
  std::string why;
  try {
    return addGradients(step, metrics);
  } catch (const TrainingDiverged &) {
    throw;
  } catch (const std::exception &error) {
    why = data::causeOf(error.what());
  }
  if (savedStep != step && step > 0)
    save();
  throw data::FileError(savedStep == step ? fmt::format("{}; the state before step {} is in {}",
                                                        why, step, checkpoints.file(step).string())
                                          : why);
}

void Trainer::diverged(uint64_t step, const std::string &what, const data::Portion &sequences) {
  std::string text = fmt::format("step {}: {}", step, what);
  if (sequences.empty())
    text += "; the last micro-batch had " + source.names(step, batch.sequences);
  else
    text += "; its sequences: " + source.names(step, sequences);
  std::string weights = firstBad(program.tensors()), gradients = firstBad(program.gradients());
  if (!weights.empty())
    throw TrainingDiverged(text + "; the first bad tensor is the weight " + weights);
  if (savedStep != state.step)
    save();
  text += gradients.empty() ? "; all weights and gradients are finite"
                            : "; the first bad tensor is the gradient of " + gradients;
  throw TrainingDiverged(text + fmt::format("; the state before the step is in {}",
                                            checkpoints.file(state.step).string()));
}

bool Trainer::hasPassed(double epochs) const {
  return epochs > 0 &&
         passes(epochs, source.epochsMade(state.step - 1), source.epochsMade(state.step));
}

bool Trainer::isBest(const Measured &measured) {
  for (const auto &[name, value] : measured) {
    if (name != options.watched)
      continue;
    if (std::isfinite(value) && (!state.best || value < state.best->measured)) {
      state.best = {value, state.step, 0};
      return true;
    }
    if (state.best)
      ++state.best->worse;
  }
  return false;
}

bool Trainer::isOver() const {
  return state.step == source.steps() ||
         (options.patience > 0 && state.best && state.best->worse >= options.patience);
}

void Trainer::retain() {
  std::optional<uint64_t> best;
  if (state.best)
    best = state.best->step;
  for (const std::string &failure : checkpoints.retain(state.step, best))
    progress.say(failure);
}

void Trainer::save() {
  std::string last = savedStep ? fmt::format("the last good checkpoint is of step {}", *savedStep)
                               : "there is no checkpoint yet";
  if (std::string bad = firstBad(program.tensors()); !bad.empty())
    throw TrainingDiverged(fmt::format("step {}: after its update the first bad tensor is {}; {}",
                                       state.step - 1, bad, last));
  state.kernelChoices = program.kernelChoices();
  try {
    checkpoints.save(state, program.tensors());
  } catch (const data::FileError &error) {
    throw data::FileError(fmt::format("{}; {}", error.what(), last));
  }
  savedStep = state.step;
  retain();
  lastSave = steadySeconds();
}

} // namespace roux::train
