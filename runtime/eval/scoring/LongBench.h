//===- LongBench.h - the 21 data sets of LongBench, version 1 -------------===//
//
// What its scripts say of each data set besides its prompt and its answers' length,
// which are read from its own configuration files; and how its tables are averaged.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/eval/scoring/DataSetScore.h"

namespace roux::eval {

struct LongBenchSet {
  std::string_view name;
  std::string_view category;
  std::string_view language = {}; ///< "en", "zh", or empty for code, which counts in both
  std::string_view metric;
  bool firstLine = false;   ///< only the first line of an answer counts
  bool chatTemplate = true; ///< chat models are asked by their template
  bool inE = false;         ///< has a file in LongBench-E
};

std::span<const LongBenchSet> longBenchSets();
/// By its name, or its name in LongBench-E ("qasper_e"); null for one that is not there.
const LongBenchSet *longBenchSet(std::string_view name);

Scoring scoringOf(const LongBenchSet &set, Edition edition);

/// Means of the data sets of one language: each category's, then that of the categories.
struct LanguageAverage {
  std::string language;
  std::vector<std::pair<std::string, double>> categories; ///< those with a data set
  double average = 0;
};

/// Averages over `scores`, whose names are LongBench's. Rounded to two decimals, at the end only.
std::vector<LanguageAverage> averagesOf(std::span<const DataSetScore> scores);

} // namespace roux::eval
