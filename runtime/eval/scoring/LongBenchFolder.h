//===- LongBenchFolder.h - LongBench's items, ready to be asked -----------===//
//
// Data sets as they are published, prompts and answers' lengths from their own
// configuration files: a prompt that was typed again would be another measurement.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/eval/scoring/Predictions.h"

#include <map>

namespace roux::eval {

/// One item: what is asked, and what is known of the answer (its own text is empty).
struct AskedItem {
  std::string prompt;
  Prediction expected;
  std::vector<std::string> choices = {}; ///< the likeliest is the answer; none: it is written
};

struct AskedSet {
  std::vector<AskedItem> items;
  uint64_t tokens = 0;      ///< most of an answer
  uint64_t contentHash = 0; ///< of items and prompt
};

class LongBenchFolder {
public:
  /// Configuration is looked for in the folder and in its `config`. Throws FileError naming the
  /// file that is not there or is not as published.
  explicit LongBenchFolder(std::filesystem::path folder);
  /// NAME.jsonl of the folder or of its `data`. Throws FileError and RecordError naming file and
  /// line.
  AskedSet read(const std::string &name) const;

private:
  std::filesystem::path dataFile(const std::string &name) const;

  std::filesystem::path folder, promptFile;
  std::map<std::string, std::string, std::less<>> prompts;
  std::map<std::string, uint64_t, std::less<>> tokens;
};

} // namespace roux::eval
