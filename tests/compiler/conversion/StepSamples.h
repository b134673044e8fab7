//===- StepSamples.h - each operation of the step dialect, in a function --===//
//
// What AttributeSensitivityTest makes copies of: text, so that an operation is
// added here as one reads it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace roux {

/// What a copy says instead of something else, to differ in an attribute.
using Change = std::vector<std::pair<std::string, std::string>>;

/// An operation with all that it needs; ~ is the number of the copy.
struct Sample {
  std::string arguments, lines, results, returned;
  /// By attribute, where it is no number or another number would not verify.
  std::map<std::string, Change> changes;
  std::string functions = "";
};

/// By operation.
const std::map<std::string, Sample> &samples();

} // namespace roux
