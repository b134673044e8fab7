//===- FitMemory.cpp - a step that fits the machine's memory --------------===//
//
// See the header. Memory is what the kernel could free for a new process, not
// what is unused: files it caches do not count.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/FitMemory.h"

#include "compiler/tools/CompilerVerbs.h"
#include "runtime/data/batch/Layout.h"
#include "runtime/train/ModelProgram.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace roux {

int64_t largestMicroBatch(const CheckedRecipe &recipe, const data::Plan &plan) {
  data::RunShape run;
  if (const CheckedValue &limit = recipe.run()["micro_batch"]; limit.kind == ValueKind::Number)
    run.microBatchTokens = static_cast<uint64_t>(limit.number);
  int64_t largest = 0;
  for (uint64_t i = 0; i < plan.steps(); ++i) {
    data::PlanStep step = plan.step(i);
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

/// Bytes; 0 where the system does not say.
static int64_t availableMemory() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  for (int64_t kibibytes = 0; file >> name >> kibibytes;) {
    if (name == "MemAvailable:")
      return kibibytes * 1024;
    file.ignore(64, '\n');
  }
  return 0;
}

std::optional<Program> compileFitting(const CheckedRecipe &recipe, StepSource &source,
                                      int64_t tokens) {
  if (!recipe.run()["recompute"].is("auto"))
    return compileStep(source, kernelCacheFolder());
  source.savesActivations = true;
  std::optional<Program> keeping = compileStep(source, kernelCacheFolder());
  if (!keeping)
    return std::nullopt;
  int64_t needed = train::stateBytes(*keeping, source.config) +
                   train::activationBytes(*keeping, source.config, "train", tokens);
  if (needed / 3 <= availableMemory() / 4)
    return keeping;
  source.savesActivations = false;
  return compileStep(source, kernelCacheFolder());
}

} // namespace roux
