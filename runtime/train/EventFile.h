//===- EventFile.h - curves for TensorBoard -------------------------------===//
//
// The file TensorBoard reads, without TensorFlow: a few fields of one protobuf in
// records with checksums. Each start of a run begins a file of its own.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/FileError.h"

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
  ~EventFile();
  EventFile(const EventFile &) = delete;
  EventFile &operator=(const EventFile &) = delete;

  /// `seconds`: wall time since 1970. Throws FileError.
  void write(uint64_t step, double seconds, const Scalars &scalars);

private:
  void record(std::string_view bytes);

  std::filesystem::path path;
  int descriptor = -1;
};

} // namespace roux::train
