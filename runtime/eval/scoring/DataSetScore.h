//===- DataSetScore.h - the score of a file of predictions ----------------===//
//
// Item by item, then the data set, as LongBench's eval.py adds up. Items are scored
// on all threads, and the sum is taken in their order.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/eval/metrics/Metric.h"
#include "runtime/eval/scoring/Predictions.h"

#include <array>

namespace roux::eval {

/// What of an answer is compared.
enum class Extract : uint8_t {
  Whole,
  FirstLine, ///< of what is left without line ends at the beginning
  Number,    ///< its first number, or nothing
};

std::string extracted(const std::string &answer, Extract extract);

struct Scoring {
  const Metric *metric = nullptr;
  Edition edition = Edition::Official;
  Extract extract = Extract::Whole;
};

/// LongBench-E's classes of an item's length.
inline constexpr std::array<std::string_view, 3> lengthClasses = {"0-4k", "4-8k", "8k+"};

struct DataSetScore {
  std::string name;
  std::string metric;        ///< with its version
  std::vector<double> items; ///< 0 to 1, in the order of the lines
  /// Mean of the items, times 100; of each class, none where it has no item. Two decimals, rounded
  /// as the official script does.
  double score = 0;
  std::array<std::optional<double>, 3> lengths;

  /// The mean before it is rounded.
  double mean() const;
};

/// Scores `file`: of each item the best reference, 0 without any. The official edition takes the
/// classes of the last line for all. Throws RecordError naming the line for an item that cannot be
/// scored.
DataSetScore scoreOf(std::string name, const PredictionFile &file, const Scoring &scoring);

} // namespace roux::eval
