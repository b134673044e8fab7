//===- BatchLoader.h - micro-batches, ready before they are asked for -----===//
//
// Reading mapped tokens may wait for a disk; a trainer must not. A few threads make
// the next micro-batches ahead of it, never more than a fixed number, and hand them
// over in order.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/batch/MicroBatch.h"

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace roux::data {

struct LoaderOptions {
  RunShape run{};
  uint32_t rank = 0;
  uint64_t firstStep = 0;
  uint64_t endStep = UINT64_MAX; ///< or the plan's end, if that comes first
  uint32_t threads = 1;
  uint32_t ahead = 4;                   ///< micro-batches that may wait; bounds the memory
  std::vector<WeightInput> inputs = {}; ///< what a kernel computes the weights from
};

/// Plan, input and weight must outlive the loader. What is delivered depends on them and on run
/// and rank only, not on threads or time.
class BatchLoader {
public:
  BatchLoader(const Plan &plan, const PlanInput &input, const Expression &weight,
              LoaderOptions options);
  /// Stops the threads; what they have made is thrown away.
  ~BatchLoader();
  BatchLoader(const BatchLoader &) = delete;
  BatchLoader &operator=(const BatchLoader &) = delete;

  /// Puts the next micro-batch of the rank into `batch`, whose storage goes back to the loader;
  /// false after the last. A step in which the rank has no part is passed over. Throws what making
  /// it threw (PlanError), at its place in the order.
  bool next(MicroBatch &batch);
  /// How long next() has waited in all; 0 for a trainer that is the slower side.
  double waitedSeconds() const { return waited; }

private:
  /// A step being divided among tickets.
  struct OpenStep {
    std::vector<Portion> portions;
    StepWeights weights;
  };
  /// One micro-batch to be made: the `number`th of the run.
  struct Ticket {
    uint64_t number = 0;
    uint32_t portion = 0;
    std::shared_ptr<const OpenStep> step;
  };
  struct Slot {
    bool filled = false;
    bool isEnd = false;
    MicroBatch batch;
    std::exception_ptr error;
  };

  /// Waits for all threads.
  void end();
  void work();
  /// Waits for room, then takes the next micro-batch to be made; none at the end of the run.
  std::optional<Ticket> take();
  /// Opens steps until one has a portion for this rank; false at the end of the run.
  bool openStep();
  void make(const Ticket &ticket);
  void deliver(uint64_t number, MicroBatch *batch, std::exception_ptr error);

  const Plan &plan;
  const PlanInput &input;
  const Expression &weight;
  const LoaderOptions options;

  std::mutex taking; ///< guards the four below; held while a step is opened
  std::shared_ptr<const OpenStep> open;
  uint64_t nextStep;
  uint32_t nextPortion = 0;
  uint64_t nextNumber = 0;
  bool ended = false;

  std::mutex handing; ///< guards the slots and the four below
  std::condition_variable roomMade, slotFilled;
  std::vector<Slot> slots; ///< micro-batch n waits in slot n modulo their number
  uint64_t delivered = 0;
  bool stopping = false;

  double waited = 0; ///< only next() touches it
  std::vector<std::thread> workers;
};

} // namespace roux::data
