//===- StepMemory.h - what a training step needs of the memory ------------===//
//
// The one source of the figures that `check` and `inspect --emit=memory` print and
// by which a run is arranged or refused: known from the plan and the launches, before
// anything is allocated.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/pipeline/CompileStep.h"
#include "compiler/plan/TrainingData.h"

namespace roux {

/// Bytes of a step at its peak.
struct StepMemory {
  int64_t tokens = 0; ///< of the largest micro-batch
  int64_t parameters = 0, gradients = 0, moments = 0;
  int64_t frozen = 0;      ///< of the parameters, what is not trained
  int64_t activations = 0; ///< at most: fewer when segments are long
  int64_t libraries = 0;   ///< of a GPU, what its library may use beside
  std::vector<std::pair<std::string, int64_t>> largest; ///< activations by name, largest first

  int64_t peak() const { return parameters + gradients + moments + activations + libraries; }
};

/// A step as a run compiles and divides it.
struct FittedStep {
  StepSource source;
  uint64_t microBatch = 0; ///< tokens at most; 0: a whole step at once
  StepMemory memory;
  int64_t limit = 0;               ///< bytes that it may use
  std::optional<uint64_t> smaller; ///< of a step that does not fit: a micro-batch that would

  bool fits() const { return memory.peak() <= limit; }
  /// What of the layers is kept for their gradients: "kept", "computed again", or what is between.
  std::string keptText() const;
  /// "a step of train NAME needs …: parameters …", in one line.
  std::string needText(const std::string &train) const;
  /// One line a part.
  std::string text() const;
  /// The same for programs: an object, in bytes.
  std::string json() const;
};

/// Arranges `source` by the keys of `run`, in this order, until it fits in `memory` (auto: what the
/// machine has). `recompute: auto` keeps what layers computed for their gradients, as far as there
/// is room now, and computes the rest again, what is cheapest a byte first: the same bits.
/// `micro_batch: auto` takes a step whole, or halves the largest power of two below it, down to
/// what cannot be divided. Without a plan, which needs data, sequences are taken to be as long as
/// the policy admits. Throws std::runtime_error after saying on stderr why a step does not compile.
FittedStep fitStep(const CheckedRecipe &recipe, const CheckedDefinition &train, StepSource source,
                   const data::Plan *plan);

/// Throws RefusedRecipe if the step does not fit. It names the largest parts, and a micro_batch
/// that would do.
void refuseUnfit(const SourceManager &sources, const CheckedRecipe &recipe,
                 const CheckedDefinition &train, const FittedStep &step);

} // namespace roux
