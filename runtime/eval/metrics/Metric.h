//===- Metric.h - how good an answer is, by published metrics -------------===//
//
// LongBench's nine metrics bug for bug, and the same without their accidents. A
// number means nothing without the code that made it, so each metric has a version.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace roux::eval {

/// A reference or a list of classes that a metric cannot be computed with.
struct MetricError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The published code with its accidents, or what it means to compute.
enum class Edition : uint8_t { Official, Clean };

/// One answer and one of its references, all UTF-8.
struct Compared {
  std::string_view prediction, reference;
  std::span<const std::string> classes; ///< of the data set; only classification reads them
  Edition edition = Edition::Official;
};

struct Metric {
  std::string_view name;
  std::string_view version;                  ///< whose code it follows
  bool classes = false;                      ///< needs Compared::classes
  bool chinese = false;                      ///< needs jieba's dictionary
  double (*score)(const Compared &compared); ///< 0 to 1
};

/// By its name, "f1" and "rouge_l" being short for "qa_f1" and "rouge"; null for one that is not
/// there.
const Metric *metricNamed(std::string_view name);
/// LongBench's nine.
std::span<const Metric> allMetrics();

/// "qa_f1@longbench-2e00731", with the dictionary's version where it is needed, and "clean" for
/// that edition. Throws DictionaryError where a dictionary is needed and not there.
std::string versioned(const Metric &metric, Edition edition);

} // namespace roux::eval
