//===- MetricsFile.cpp - one line of JSON a step --------------------------===//
//
// One table binds a number's name to its place, for writing and for reading.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/MetricsFile.h"

#include "runtime/data/AtomicFile.h"
#include "runtime/data/FileError.h"
#include "runtime/data/JsonText.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <fstream>
#include <limits>
#include <optional>
#include <variant>

namespace roux::train {

namespace {

struct Column {
  std::string_view name;
  std::variant<uint64_t StepMetrics::*, double StepMetrics::*> place;

  double get(const StepMetrics &metrics) const {
    return std::visit([&](auto at) { return static_cast<double>(metrics.*at); }, place);
  }
  void set(StepMetrics &metrics, double value) const {
    std::visit(
        [&](auto at) {
          using Number = std::remove_reference_t<decltype(metrics.*at)>;
          metrics.*at = static_cast<Number>(value);
        },
        place);
  }
};

} // namespace

static const Column columns[] = {{"step", &StepMetrics::step},
                                 {"epoch", &StepMetrics::epoch},
                                 {"loss", &StepMetrics::loss},
                                 {"rate", &StepMetrics::rate},
                                 {"gradient_norm", &StepMetrics::gradientNorm},
                                 {"clip", &StepMetrics::clip},
                                 {"tokens", &StepMetrics::tokens},
                                 {"targets", &StepMetrics::targets},
                                 {"seconds", &StepMetrics::seconds},
                                 {"waited", &StepMetrics::waited},
                                 {"memory", &StepMetrics::memory}};

std::vector<std::pair<std::string_view, double>> named(const StepMetrics &metrics) {
  std::vector<std::pair<std::string_view, double>> all;
  for (const Column &column : columns)
    all.emplace_back(column.name, column.get(metrics));
  all.insert(all.end(), metrics.measured.begin(), metrics.measured.end());
  return all;
}

/// A line's step and numbers; none for a line that is not whole or not ours.
static std::optional<StepMetrics> readLine(simdjson::dom::parser &parser, const std::string &line) {
  simdjson::dom::object object;
  if (parser.parse(line).get(object))
    return std::nullopt;
  StepMetrics metrics;
  for (const Column &column : columns) {
    double value = 0;
    bool found = !object.at_key(column.name).get(value);
    bool isWhole = value >= 0 && value <= 0x1p53;
    if (column.name == "step" && !(found && isWhole))
      return std::nullopt;
    if (found && isWhole)
      column.set(metrics, value);
    else if (std::holds_alternative<double StepMetrics::*>(column.place))
      column.set(metrics, found ? value : std::numeric_limits<double>::quiet_NaN());
  }
  // Only names of evaluations have a slash.
  for (auto [name, number] : object)
    if (double value = 0; name.find('/') != name.npos && !number.get(value))
      metrics.measured.emplace_back(name, value);
  return metrics;
}

/// Calls `visit(step's numbers, line)` for each line of ours. Throws FileError where a read fails:
/// what follows would be gone from the file that is written next.
template <typename Visit>
static void visitLines(const std::filesystem::path &file, Visit visit) {
  std::ifstream in(file);
  simdjson::dom::parser parser;
  for (std::string line; std::getline(in, line);)
    if (auto metrics = readLine(parser, line))
      visit(*metrics, line);
  if (in.bad())
    throw data::FileError(fmt::format("{}: cannot be read to its end", file.string()));
}

std::vector<StepMetrics> MetricsFile::read(const std::filesystem::path &file) {
  std::vector<StepMetrics> all;
  visitLines(file,
             [&](const StepMetrics &metrics, const std::string &) { all.push_back(metrics); });
  return all;
}

/// The lines that stay when a run goes on at `firstStep`.
static std::string linesBefore(const std::filesystem::path &file, uint64_t firstStep) {
  std::string kept;
  visitLines(file, [&](const StepMetrics &metrics, const std::string &line) {
    if (metrics.step < firstStep)
      kept += line + '\n';
  });
  return kept;
}

/// Rewrites `path` with the lines that stay, and gives it back.
static const std::filesystem::path &cleared(const std::filesystem::path &path, uint64_t firstStep) {
  data::writeWhole(path, linesBefore(path, firstStep));
  return path;
}

MetricsFile::MetricsFile(const std::filesystem::path &path, uint64_t firstStep)
    : file(cleared(path, firstStep)) {}

void MetricsFile::write(const StepMetrics &metrics) {
  std::string line;
  for (const auto &[name, value] : named(metrics))
    line += fmt::format("{}{}: {}", line.empty() ? "{" : ", ", data::jsonText(name),
                        data::jsonNumber(value));
  line += "}\n";
  file.append(line);
}

} // namespace roux::train
