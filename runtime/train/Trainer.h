//===- Trainer.h - from the first step to the last ------------------------===//
//
// One loop: rate, gradients of every micro-batch, norm, clip, update, log, save. A
// run that was killed goes on where its last checkpoint was and ends with the same
// bits as one that was not.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/train/CheckpointFolder.h"
#include "runtime/train/Progress.h"
#include "runtime/train/RunLock.h"
#include "runtime/train/StepProgram.h"
#include "runtime/train/StepSource.h"

#include <atomic>
#include <cmath>
#include <functional>
#include <stdexcept>

namespace roux::train {

/// A loss or gradient is no number. The text names the step, its sequences and the first bad
/// tensor.
struct TrainingDiverged : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// `every(…)` of a run; 0 is never.
struct Interval {
  uint64_t steps = 0;
  double seconds = 0;
  double epochs = 0;

  /// After `made` steps, so many seconds after the last time.
  bool isDue(uint64_t made, double elapsed) const {
    return (steps && made % steps == 0) || (seconds > 0 && elapsed >= seconds);
  }
  bool isNever() const { return steps == 0 && seconds == 0 && epochs == 0; }
};

/// Whether a multiple of `epochs` lies behind `before` epochs and not behind `made`.
inline bool passes(double epochs, double before, double made) {
  constexpr double rounding = 1e-9; // a third of an epoch thrice is one
  return std::floor(made / epochs + rounding) > std::floor(before / epochs + rounding);
}

struct SaveInterval : Interval {
  uint64_t keep = 0; ///< 0: all
};

struct TrainerOptions {
  std::filesystem::path folder; ///< of this training alone; made if it is not there
  RunIdentity identity;
  uint64_t seed = 0;
  AdamW optimizer;
  double clip = 0; ///< largest norm of the whole gradient; 0: none
  SaveInterval save;
  Interval log{.steps = 1};    ///< from one line of the logs to the next; the last step has one
  uint64_t carriedUpdates = 0; ///< of a stage before whose moments the program starts with
  uint64_t scheduleStart = 0;  ///< step of `schedule` that the first step here is
  uint64_t evaluateSteps = 0;  ///< from one call of `evaluate` to the next; 0: never
  /// Measures the tensors as they are and leaves them so; what it gives goes into the logs.
  std::function<Measured(uint64_t stepsMade)> evaluate;
  std::string watched; ///< the name of what `evaluate` gives whose least value is the best; or none
  uint64_t patience =
      0; ///< ends it after so many that were no better, one after the other; 0: never
  /// Looked at between steps: true saves and stops, as an interrupt should.
  const std::atomic<bool> *stop = nullptr;
};

struct TrainResult {
  uint64_t firstStep = 0; ///< of this process: 0, or where it resumed
  uint64_t stepsMade = 0; ///< of the training, resumed ones included
  uint64_t updates = 0;
  std::optional<BestSoFar> best; ///< of what is watched; none where it was never a number
  bool finished = false;         ///< false where `stop` ended it
  bool sameRun = true;           ///< false: resumed under another `run`, so equal to rounding only
  double usefulTokens = 0;       ///< of the training
  double seconds = 0;            ///< of the training, over all resumes
};

/// Trains `program`, whose tensors hold the starting point, and leaves a checkpoint of the end in
/// the folder; resumes if one is there, and does nothing if it is of the end already. A state with
/// tensors that are no numbers is never saved. Holds the
/// folder's lock from run() on while it lives, for what is made of the weights there. Throws
/// RunLocked, CheckpointError, FileError (the last good checkpoint stays), TrainingDiverged (the
/// state before the bad step is saved), and what `source` throws.
class Trainer {
public:
  Trainer(TrainerOptions options, Schedule schedule, StepSource &source, StepProgram &program,
          Progress &progress);

  TrainResult run();

private:
  void resume();
  void loop();
  StepMetrics makeStep(uint64_t step);
  /// Puts the step's loss and the norm of its gradients into `metrics`, once they are numbers.
  void addGradients(uint64_t step, StepMetrics &metrics);
  /// The same; where it cannot be done, the state before the step is saved first.
  void addGradientsOrSave(uint64_t step, StepMetrics &metrics);
  [[noreturn]] void diverged(uint64_t step, const std::string &what,
                             const data::Portion &sequences);
  void save();
  /// Whether the last step passed a multiple of so many epochs.
  bool hasPassed(double epochs) const;
  /// Remembers what was measured; true where it is the best yet, which is to be saved.
  bool isBest(const Measured &measured);
  /// All steps are made, or patience is at its end.
  bool isOver() const;
  /// Removes checkpoints that are not to stay.
  void retain();

  TrainerOptions options;
  Schedule schedule;
  StepSource &source;
  StepProgram &program;
  Progress &progress;
  CheckpointFolder checkpoints;
  std::optional<RunLock> lock;
  CheckpointState state;
  TrainResult result;
  data::MicroBatch batch;
  std::optional<uint64_t> savedStep;
  double lastSave = 0, lastLog = 0;
};

} // namespace roux::train
