//===- EventFile.h - curves for TensorBoard -------------------------------===//
//
// The file TensorBoard reads, without TensorFlow: a few fields of one protobuf in
// records with checksums. Each start of a run begins a file of its own.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/train/AppendFile.h"

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

namespace roux::train {

/// Names and values of one step.
using Scalars = std::vector<std::pair<std::string_view, double>>;

class EventFile {
public:
  /// Begins a file in `folder`, which is made. What earlier files say of `firstStep` and later
  /// steps is taken back, as a resumed run makes those again. Throws FileError.
  EventFile(const std::filesystem::path &folder, uint64_t firstStep);

  /// `seconds`: wall time since 1970. Throws FileError.
  void write(uint64_t step, double seconds, const Scalars &scalars);

private:
  void record(std::string_view bytes);

  AppendFile file;
};

} // namespace roux::train
