//===- Schedule.h - the learning rate of every step -----------------------===//
//
// A schedule is a list of phases. It is resolved once, when the plan says how many
// steps there are, and from then on the rate of step n is a function of n alone,
// so a resumed run needs nothing but its step's number.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace roux::train {

/// A schedule that does not fit the training. The text is in the recipe's words.
struct ScheduleError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class PhaseKind : uint8_t { Warmup, Constant, Linear, Cosine };

/// What an extent counts. Share: 1 is the whole training.
enum class ExtentUnit : uint8_t { Rest, Share, Steps, Tokens, Epochs };

struct Extent {
  ExtentUnit unit = ExtentUnit::Rest;
  double amount = 0;
};

struct Phase {
  PhaseKind kind = PhaseKind::Constant;
  Extent length;
  /// Where Linear and Cosine end: a share of the peak, or a learning rate.
  double to = 0;
  bool toShare = true;
};

/// How long a training is, by every measure a schedule may use.
struct TrainingExtent {
  std::vector<uint64_t> tokensBefore; ///< tokens before step n; one more entry than steps
  std::vector<uint64_t> epochStarts;  ///< first step of each epoch

  uint64_t steps() const { return tokensBefore.size() - 1; }
  /// Epochs, and parts of one, that are over after so many steps.
  double epochsMade(uint64_t stepsMade) const;
  /// The training `after` goes on where this one ends.
  void append(const TrainingExtent &after);
  /// The first step that begins when `extent` after step `begin` is over, rounded up to whole
  /// steps; at most steps().
  uint64_t end(uint64_t begin, const Extent &extent) const;
  /// Whether steps, tokens or epochs of `extent` after step `begin` are over when the training is.
  bool holds(uint64_t begin, const Extent &extent) const;
};

class Schedule {
public:
  /// Throws ScheduleError where only the last phase may have no length and another has none, where
  /// phases are longer than the training by more than a step, or where they end before it does.
  Schedule(double peak, const std::vector<Phase> &phases, const TrainingExtent &training);

  /// The rate of step `step`, counted from 0. With t = (step - begin) / length of its phase:
  /// warmup t * peak, constant the rate reached, linear and cosine end + (start - end) * f with
  /// f = 1 - t and f = (1 + cos(pi t)) / 2, which is base * (r + (1 - r) * f) for end = r * base. A
  /// schedule's first step after a warmup has the peak; the first of a warmup has zero, as in
  /// transformers.
  double rate(uint64_t step) const;

  /// What the training is too short for, in the recipe's words: phases without a step, and one that
  /// goes on where the training ends.
  const std::vector<std::string> &unreached() const { return missed; }

private:
  struct Stretch {
    PhaseKind kind;
    uint64_t begin, end;
    double from, to;
  };
  std::vector<Stretch> stretches;
  std::vector<std::string> missed;
};

/// (1 + cos(pi t)) / 2 for t in [0, 1], the same bits on every machine; error below 4 ulp of 1.
double halfCosine(double t);

} // namespace roux::train
