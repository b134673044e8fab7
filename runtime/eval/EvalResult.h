//===- EvalResult.h - what an eval found, kept ----------------------------===//
//
// Measured once and then read: by the terminal's tables, by the report, and by the
// next run, which need not measure again.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/eval/LossGroups.h"
#include "runtime/eval/Needle.h"
#include "runtime/eval/scoring/LongBench.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace roux::eval {

/// A mean over some targets.
struct MeanLoss {
  std::string name;             ///< as in LossGroup; empty: over all
  uint64_t first = 0, last = 0; ///< of positions; else 0
  double mean = 0;
  uint64_t targets = 0;
  bool operator==(const MeanLoss &) const = default;
};

/// How far a model prefers what was chosen, as train::PairMetrics has it.
struct Preference {
  double margin = 0, accuracy = 0;
  bool operator==(const Preference &) const = default;
};

/// Of `loss`: always every grouping, since they cost nothing more.
struct HeldOutResult {
  MeanLoss all;
  std::vector<MeanLoss> byPosition, bySource; ///< pairs of answers have no position
  std::optional<Preference> pairs = {};       ///< of pairs, whose loss is one a pair
};

HeldOutResult resultOf(const LossGroups &groups);

/// Of `needle`.
struct NeedleResult {
  std::vector<NeedleCell> cells; ///< length by length, depth by depth
  /// Mean score of the cells that have one; 0 without.
  double mean() const;
};

/// What a model wrote after a prompt.
struct WrittenSample {
  std::string prompt, answer;
  bool ended = false; ///< by the model itself, not by the room it was given
};

/// Of `samples`.
struct SamplesResult {
  std::vector<WrittenSample> samples;
};

/// Of `longbench`, `longbench_chat` and `task`.
struct ScoredResult {
  std::string task;       ///< "longbench", "longbench_chat" or "task"
  std::string truncation; ///< how prompts that are too long were cut, in words
  std::vector<DataSetScore> dataSets;
  std::vector<LanguageAverage> averages; ///< of `longbench`
  /// The first language's average, or the score of the first data set where there is none.
  double headline() const;
};

struct TaskResult {
  std::string name; ///< the author's
  std::variant<HeldOutResult, NeedleResult, SamplesResult, ScoredResult> what;
};

struct EvalResult {
  std::string name;
  std::vector<TaskResult> tasks; ///< as written in the recipe
};

/// Rises with every change of what is measured or how it is kept.
inline constexpr int64_t resultFormat = 2;

/// One JSON object; README.md describes it. Its last key is the hash of all before it.
std::string toJson(const EvalResult &result);
/// What toJson() made; none where `file` is not there, not whole, or of another format.
std::optional<EvalResult> readEvalResult(const std::filesystem::path &file);

} // namespace roux::eval
