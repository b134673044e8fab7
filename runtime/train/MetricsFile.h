//===- MetricsFile.h - one line of JSON a step ----------------------------===//
//
// metrics.jsonl: what a script, a notebook or the report reads. A step appears once,
// however often the run was killed and resumed.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/train/AppendFile.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace roux::train {

/// What an evaluation on the way gave: "eval/task" and its number.
using Measured = std::vector<std::pair<std::string, double>>;

/// What is known after a step. Numbers that are not finite are written as null.
struct StepMetrics {
  uint64_t step = 0; ///< counted from 0
  uint64_t epoch = 0;
  double loss = 0;         ///< the recipe's: the sum of weight * loss over the step
  double rate = 0;         ///< learning rate
  double gradientNorm = 0; ///< before clipping
  double clip = 1;         ///< factor on the gradient
  uint64_t tokens = 0;     ///< positions computed; there is no padding among them
  uint64_t targets = 0;
  double seconds = 0; ///< of the step
  double waited = 0;  ///< of these, for data
  double memory = 0;  ///< bytes of the process, resident
  Measured measured;  ///< after the step's update; empty for most steps
};

/// The one list of names under which a step's numbers appear in every log. Names of what was
/// measured are those of `metrics`.
std::vector<std::pair<std::string_view, double>> named(const StepMetrics &metrics);

class MetricsFile {
public:
  /// Opens `path` to append, after removing lines of `firstStep` and later steps and a half line at
  /// its end. Throws FileError.
  MetricsFile(const std::filesystem::path &path, uint64_t firstStep);

  void write(const StepMetrics &metrics);

  /// Every step of a file, in order; lines of other makers are passed over.
  static std::vector<StepMetrics> read(const std::filesystem::path &file);

private:
  AppendFile file;
};

} // namespace roux::train
