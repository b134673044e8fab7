//===- Predictions.h - what a model answered, in LongBench's own form -----===//
//
// A line an item: `pred`, `answers`, `all_classes`, `length`, as LongBench's pred.py
// writes and its eval.py reads. Answers that cost a night outlive the metric they
// were first scored with, and another program can score them too.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace roux::eval {

struct Prediction {
  std::string prediction;
  std::vector<std::string> answers;
  std::optional<std::vector<std::string>> classes; ///< none: null or not there
  std::optional<double> length;                    ///< in the data set's own measure
};

/// One line, with its end.
std::string lineOf(const Prediction &prediction);

/// A file of predictions in memory, its lines found. Blank lines are none.
class PredictionFile {
public:
  /// Throws FileError for a file that cannot be read or holds no line.
  explicit PredictionFile(std::filesystem::path path);

  size_t size() const { return lines.size(); }
  /// Line `index`, whole and right, else throws RecordError naming file and line. From several
  /// threads, each with its own reader.
  class Reader {
  public:
    explicit Reader(const PredictionFile &file);
    ~Reader();
    Prediction read(size_t index);

  private:
    struct State;
    const PredictionFile &file;
    std::unique_ptr<State> state;
  };

  /// "FILE:LINE".
  std::string placeOf(size_t index) const;
  uint64_t contentHash() const;

private:
  struct Line {
    size_t begin, size;
    uint64_t number;
  };
  std::filesystem::path path;
  std::string content;
  std::vector<Line> lines;
};

} // namespace roux::eval
