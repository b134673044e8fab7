//===- Spec.h - what a plan is asked for ----------------------------------===//
//
// A train's batch, position and length as plain values: everything of a recipe
// that decides which sequences meet in a step, and nothing of its `run` block. The
// plan keeps the text of it, so its hash covers the question with the answer.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/Expression.h"

#include <cstdint>
#include <stdexcept>
#include <string>

namespace roux::data {

/// Data and recipe do not give a plan; the message says why in the user's words.
class PlanError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

enum class Policy : uint8_t { Each, Tokens, Pack, Sorted, Bucket };
enum class Fit : uint8_t { Next, First, Best, Decreasing, FillNext, FillDrop };
enum class Overflow : uint8_t { Error, Drop, CutRight, CutLeft, CutMiddle, Split };
enum class Last : uint8_t { Keep, Drop };
/// How far attention and labels reach: to the ends of a sequence, of its pack, or of its spans. The
/// spans of a pair are its two answers, each behind the prompt.
enum class Reach : uint8_t { Sequence, Pack, Span };
enum class Exhausted : uint8_t { Error, Repeat };

/// `batch:` of a train, language reference section 6.
struct BatchSpec {
  Policy policy = Policy::Each;
  uint64_t units = 1;     ///< `8 * pack(…)`, `12 * sorted(…)`: packs or groups in a step
  uint64_t sequences = 0; ///< each: in a step; sorted: in a group
  uint64_t tokens = 0;    ///< positions: tokens and bucket: in a step; pack: its capacity
  Fit fit = Fit::Next;
  Overflow overflow = Overflow::Error;
  Last last = Last::Keep;
  bool shuffle = false;      ///< `order: shuffle`: each epoch in an order of its own
  bool withinSource = false; ///< `within: source`: no unit mixes sources
  Reach attend = Reach::Sequence;
  Reach labels = Reach::Sequence;
  Expression odds{};   ///< bucket: how likely each is drawn
  Expression quota{};  ///< bucket: tokens wanted of each in an epoch; empty: all it has
  uint32_t cycles = 1; ///< bucket: how often an epoch runs through all of them
  Exhausted exhausted = Exhausted::Error; ///< a bucket with less than its quota

  /// As the recipe would say it, with every option; equal texts, equal policies.
  std::string text() const;
};

/// `position: gaps(…)`: positions that jump at sites, to reach over `span`.
struct PositionRule {
  enum class Sites : uint8_t { None, Sentence, Turn, Token };
  Sites at = Sites::None; ///< None: positions count from 0
  uint32_t sites = 0;     ///< drawn anew for each sequence; 0: every one there is
  uint64_t span = 0;      ///< positions stay below it
  Expression prefix{};    ///< tokens that keep their positions, per sequence; empty: none
  double chance = 1;      ///< share of sequences that get gaps at all
  bool restarts = false;  ///< positions count from 0 in every span, and there are no gaps

  bool isPlain() const { return at == Sites::None; }
  std::string text() const;
};

/// `length:` of a train, as far as data decide it.
struct PlanLength {
  enum class Unit : uint8_t { Epochs, Steps, Tokens };
  Unit unit = Unit::Epochs;
  double amount = 1; ///< 0.5 epochs is half the steps of a pass, rounded up
};

struct PlanSpec {
  uint64_t seed = 0;
  std::string construct{}; ///< the train's name: its place in the tree of seeds
  BatchSpec batch{};
  PositionRule position{};
  PlanLength length{};
  uint64_t context = 0; ///< the model's; longer sequences overflow where the policy has no capacity

  /// The most positions one sequence may take.
  uint64_t capacity() const;
  std::string text() const;
  /// Throws PlanError where a count is zero, missing or larger than a plan can hold.
  void check() const;
};

} // namespace roux::data
