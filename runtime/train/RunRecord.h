//===- RunRecord.h - how a train came to be --------------------------------===//
//
// run.json beside a train's weights: what a person asks a month later. Which recipe
// was that, started how, on what, when, and did it end? Nothing of it changes a
// result, so nothing that decides what is made again reads it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace roux::train {

struct RunRecord {
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  std::string train = {};                ///< its name in the recipe
  std::string recipe = {};               ///< the file, as it was named
  Pairs files = {};                      ///< name and text of the recipe and of all it uses
  Pairs settings = {};                   ///< params set on the command line
  Pairs flags = {};                      ///< keys of `run` given there
  std::vector<std::string> command = {}; ///< as typed
  std::string folder = {};               ///< it was typed in
  std::string machine = {};              ///< host, processor, threads
  std::string version = {};              ///< of Roux
  uint64_t seed = 0;
  std::string dtype = {};
  std::string started = {}; ///< UTC, "2026-01-31 12:00:00.000"
  double seconds = 0;       ///< of all processes that trained it
  uint64_t steps = 0;       ///< planned
  std::string ended = {};   ///< why a process ended that did not make all steps; else empty
  bool isFinished = false;  ///< weights are exported
  std::vector<std::pair<std::string, double>> results = {}; ///< "eval/task"

  bool operator==(const RunRecord &) const = default;
};

/// Where the record of the train in `folder` is.
std::filesystem::path recordOf(const std::filesystem::path &folder);

/// Throws FileError where it cannot be written.
void writeRecord(const std::filesystem::path &file, const RunRecord &record);

/// None where there is none, or where it is not what was written.
std::optional<RunRecord> readRecord(const std::filesystem::path &file);

/// This machine, in a line.
std::string machineText(unsigned threads);

/// Now, in UTC.
std::string utcText();

} // namespace roux::train
