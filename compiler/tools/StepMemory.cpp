//===- StepMemory.cpp - what a training step needs of the memory ----------===//
//
// State is what the weight table says; activations are the arena of the `train` entry
// for the largest micro-batch. Programs are outlined, not compiled, to know them.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/StepMemory.h"

#include "compiler/plan/RefusedRecipe.h"
#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/RecipeDevice.h"
#include "runtime/data/batch/Layout.h"
#include "runtime/train/ActivationPlan.h"
#include "runtime/train/ModelProgram.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <map>

namespace roux {

static StepMemory memoryOf(const Program &program, const model::ModelConfig &config,
                           int64_t tokens) {
  StepMemory memory;
  memory.tokens = tokens;
  train::StateBytes state = train::stateBytes(program, config);
  memory.parameters = state.parameters;
  memory.frozen = state.frozen;
  memory.gradients = state.gradients;
  memory.moments = state.moments;
  MemoryPlan plan = train::activationPlan(program, config, "train", tokens);
  memory.activations = plan.arenaBytes;
  const Entry &entry = program.entry("train");
  std::map<std::string, int64_t> byName;
  for (size_t i = 0; i < entry.buffers.size(); ++i)
    if (entry.buffers[i].role == BufferRole::Activation)
      byName[entry.buffers[i].name] = std::max(byName[entry.buffers[i].name], plan.bytes[i]);
  memory.largest.assign(byName.begin(), byName.end());
  std::ranges::sort(memory.largest, [](const auto &a, const auto &b) {
    return std::pair(-a.second, a.first) < std::pair(-b.second, b.first);
  });
  return memory;
}

/// In MB up to the size where nobody wants them any more.
static std::string bytesText(int64_t bytes) {
  constexpr double mega = 1e6, giga = 1e9;
  auto size = static_cast<double>(bytes);
  return size < giga ? fmt::format("{:.1f} MB", size / mega)
                     : fmt::format("{:.2f} GB", size / giga);
}

/// "logits 2.1 GB, query 0.5 GB": the few that explain most of it.
static std::string largestText(const StepMemory &memory) {
  constexpr size_t most = 3;
  std::vector<std::string> parts;
  for (const auto &[name, bytes] : memory.largest)
    if (parts.size() < most)
      parts.push_back(fmt::format("{} {}", name, bytesText(bytes)));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string FittedStep::keptText() const {
  if (!source.savesActivations)
    return "computed again";
  return source.again ? fmt::format("kept but for {} of their values, computed again", source.again)
                      : "kept";
}

/// "parameters 4.1 MB, …": what a step is made of.
static std::string partsText(const StepMemory &memory) {
  std::string text =
      fmt::format("parameters {}, gradients {}, moments {}, activations {} (largest: {})",
                  bytesText(memory.parameters), bytesText(memory.gradients),
                  bytesText(memory.moments), bytesText(memory.activations), largestText(memory));
  return memory.libraries
             ? fmt::format("{}, libraries' workspace {}", text, bytesText(memory.libraries))
             : text;
}

std::string FittedStep::needText(const std::string &train) const {
  return fmt::format("a step of train {} needs {} for micro-batches of {} tokens: {}", train,
                     bytesText(memory.peak()), memory.tokens, partsText(memory));
}

std::string FittedStep::text() const {
  std::string text;
  auto line = [&](const char *what, const std::string &value) {
    text += fmt::format("{:<22} {:>12}", what, value);
  };
  line("largest micro-batch", fmt::format("{} tokens", memory.tokens));
  line("\nparameters", bytesText(memory.parameters));
  if (memory.frozen)
    text += fmt::format(", {} of them frozen", bytesText(memory.frozen));
  line("\ngradients", bytesText(memory.gradients));
  line("\noptimizer's moments", bytesText(memory.moments));
  line("\nactivations, at most", bytesText(memory.activations));
  text += fmt::format(", layers {}; largest: {}", keptText(), largestText(memory));
  if (memory.libraries)
    line("\nlibraries' workspace", bytesText(memory.libraries));
  line("\npeak of a step", bytesText(memory.peak()));
  text += fmt::format("{} the {} it may use\n", fits() ? " of" : ", more than", bytesText(limit));
  return text;
}

std::string FittedStep::json() const {
  std::string largest;
  for (const auto &[name, bytes] : memory.largest)
    largest += fmt::format(R"({}{{"name": {}, "bytes": {}}})", largest.empty() ? "" : ", ",
                           jsonString(name), bytes);
  return fmt::format(
      R"({{"micro_batch": {}, "parameters": {}, "frozen": {}, "gradients": {}, "moments": {}, )"
      R"("activations": {}, "libraries": {}, "layers": {}, "largest": [{}], "peak": {}, )"
      R"("limit": {}, "fits": {}}})",
      memory.tokens, memory.parameters, memory.frozen, memory.gradients, memory.moments,
      memory.activations, memory.libraries, jsonString(keptText()), largest, memory.peak(), limit,
      fits());
}

/// Tokens of the plan's largest micro-batch when a step is divided by `limit`; 0: not divided.
static int64_t largestMicroBatch(const data::Plan &plan, uint64_t limit) {
  data::RunShape run;
  run.microBatchTokens = limit;
  int64_t largest = 0;
  for (uint64_t i = 0; i < plan.steps(); ++i) {
    data::PlanStep step = plan.step(i);
    if (limit == 0 || step.counts.positions <= limit) { // not divided
      largest = std::max(largest, static_cast<int64_t>(step.counts.positions));
      continue;
    }
    for (const auto &portions : data::layOut(plan, step, run).ranks)
      for (const data::Portion &portion : portions) {
        int64_t tokens = 0;
        for (uint32_t sequence : portion)
          tokens += step.sequences[sequence].positions;
        largest = std::max(largest, tokens);
      }
  }
  return largest;
}

/// The same without data: a sequence may fill a pack, or else the model's context.
static int64_t longestMicroBatch(const CheckedDefinition &train, const model::ModelConfig &config,
                                 uint64_t limit) {
  const CheckedValue &batch = train["batch"];
  const CheckedValue *capacity = batch.find("capacity"), *units = batch.find("units");
  int64_t unit = capacity ? static_cast<int64_t>(capacity->number) : config.context;
  int64_t step = unit;
  if (units && capacity && __builtin_mul_overflow(unit, static_cast<int64_t>(units->number), &step))
    step = INT64_MAX; // which no plan holds, and no machine either
  return limit == 0 ? step : std::clamp<int64_t>(static_cast<int64_t>(limit), unit, step);
}

static Program outlined(const StepSource &source) {
  std::optional<Program> program = outlineStep(source, kernelCacheFolder());
  if (!program)
    throw std::runtime_error("the model could not be compiled");
  return std::move(*program);
}

/// No family's layer has as many values whose computing again would free anything.
static constexpr int64_t mostAgain = 24;

/// Has `fitted` keep all that layers compute, or else the most that fits in `room`, or nothing.
static Program keepWhatFits(FittedStep &fitted, int64_t room,
                            const std::function<void(const Program &)> &measure) {
  auto fits = [&](bool saves, int64_t again) {
    fitted.source.savesActivations = saves;
    fitted.source.again = again;
    Program program = outlined(fitted.source);
    measure(program);
    return std::pair(std::move(program), fitted.memory.peak() <= room);
  };
  auto [all, fit] = fits(true, 0);
  if (fit)
    return std::move(all);
  int64_t few = 0, many = mostAgain; // what is too much, and what may fit
  auto [least, leastFits] = fits(true, many);
  if (!leastFits)
    return fits(false, 0).first;
  while (many - few > 1) {
    int64_t middle = (few + many) / 2;
    (fits(true, middle).second ? many : few) = middle;
  }
  return fits(true, many).first;
}

FittedStep fitStep(const CheckedRecipe &recipe, const CheckedDefinition &train, StepSource source,
                   const data::Plan *plan) {
  const CheckedDefinition &run = recipe.run();
  bool isLimited = run["memory"].kind == ValueKind::Number;
  bool choosesBatch = run["micro_batch"].kind != ValueKind::Number;
  // What comes after the recipe's own text says what of its layers is kept.
  bool isStepGiven = source.edited && source.edited->stage != "recipe";
  bool choosesLayers = run["recompute"].is("auto") && !isStepGiven;
  FittedStep fitted;
  fitted.source = std::move(source);
  // A micro-batch changes how sums are rounded, so it does not hang on what else is running.
  MachineMemory machine = isLimited ? MachineMemory() : memoryOfDevice(recipe);
  fitted.limit = isLimited ? static_cast<int64_t>(run["memory"].number) : machine.most;
  fitted.microBatch = choosesBatch ? 0 : static_cast<uint64_t>(run["micro_batch"].number);
  std::map<uint64_t, int64_t> tokens; // by limit: a plan is long, and is asked often
  auto measure = [&](const Program &program) {
    const model::ModelConfig &config = fitted.source.config;
    auto [known, isNew] = tokens.try_emplace(fitted.microBatch);
    if (isNew)
      known->second = plan ? largestMicroBatch(*plan, fitted.microBatch)
                           : longestMicroBatch(train, config, fitted.microBatch);
    fitted.memory = memoryOf(program, config, known->second);
    // Of the device, and so of the programs that evaluate and generate too.
    if (run["device"].is("cuda") && !(program.products.empty() && program.attentions.empty()))
      fitted.memory.libraries = productWorkspaceBytes;
  };
  int64_t room = isLimited ? fitted.limit : machine.available / 4 * 3;
  Program program = choosesLayers ? keepWhatFits(fitted, room, measure) : outlined(fitted.source);
  measure(program);
  if (fitted.fits())
    return fitted;
  FittedStep asked = fitted;
  // Until what is left is not divided by anything.
  while (!fitted.fits() && fitted.memory.tokens > 1 &&
         (!fitted.microBatch || fitted.memory.tokens <= int64_t(fitted.microBatch))) {
    fitted.microBatch = fitted.microBatch ? fitted.microBatch / 2
                                          : std::bit_floor(uint64_t(fitted.memory.tokens - 1));
    measure(program);
  }
  if (choosesBatch)
    return fitted;
  if (fitted.fits())
    asked.smaller = fitted.microBatch;
  return asked;
}

void refuseUnfit(const SourceManager &sources, const CheckedRecipe &recipe,
                 const CheckedDefinition &train, const FittedStep &step) {
  if (step.fits())
    return;
  const CheckedValue &limit = recipe.run()["memory"];
  bool isWritten = limit.kind == ValueKind::Number;
  const StepMemory &memory = step.memory;
  throw RefusedRecipe(
      sources, isWritten ? limit.where : train.where,
      fmt::format("a step of train {} needs {} for micro-batches of {} tokens, but {} {}: {}{}",
                  train.name, bytesText(memory.peak()), memory.tokens,
                  isWritten ? "'memory' is" : "this process may have", bytesText(step.limit),
                  partsText(memory),
                  step.smaller ? fmt::format("; micro_batch: {} would fit", *step.smaller) : ""));
}

} // namespace roux
