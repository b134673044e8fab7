//===- Report.h - what a finished run has to show -------------------------===//
//
// Plain data in the order of the page. Whoever ran something fills in what there
// is; what is empty is left out, so a report never shows an empty plot.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace roux::report {

/// A number with its name, for the row of tiles at the top.
struct Figure {
  std::string label, value;
};

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows; ///< each with a cell for every column
};

/// The objective of one train.
struct Objective {
  std::string train;
  std::string formula;            ///< closed, as `--emit=loss` prints it
  std::vector<std::string> notes; ///< sum of weights, lightest to heaviest, …
};

/// A curve. Curves of one list share a plot.
struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points; ///< x ascending; y that is no number is a gap
  bool isSparse = false;                         ///< measured now and then: a dot at every point
};

struct Histogram {
  std::string name;
  std::vector<std::pair<std::string, double>> bins; ///< label and count
};

struct HeatMap {
  std::string name;
  std::vector<std::string> columns;        ///< lengths
  std::vector<std::string> rows;           ///< depths
  std::vector<std::vector<double>> scores; ///< row by row, 0 to 1
};

/// What a model wrote.
struct Sample {
  std::string model; ///< who wrote it; stands over the first of its samples
  std::string prompt, answer;
};

/// A table with a name, to be opened by who wants it.
struct Appendix {
  std::string name;
  Table table;
};

struct Report {
  std::string title;                 ///< the recipe's file
  std::string subtitle;              ///< when and on what
  std::vector<std::string> warnings; ///< what a person would want to have known before
  std::vector<Figure> figures;
  Table results; ///< a row a train
  Table runs;    ///< a row a run of the recipe, with what differs
  Table speed;   ///< a row a train: what a token costs, and how near the machine's best it came
  Table how;     ///< a row a train: when, where and by which command
  std::string recipe;
  std::vector<Objective> objectives;
  Table ledger;
  std::vector<Histogram> lengths;
  std::vector<Histogram> scores;                            ///< how many values of each size
  std::vector<Histogram> occupancy;                         ///< share of a pack that is filled
  std::vector<Series> loss, rate, gradientNorm, throughput; ///< over steps; loss held out too
  std::vector<Series> lossByTokens;                         ///< over tokens trained
  std::vector<Series> lossByPosition;                       ///< over the place in the sequence
  Table lossBySource;
  std::vector<HeatMap> needles;
  std::vector<Sample> samples;
  Table memory;
  std::vector<Appendix> kernels;
};

/// The page as one text: no script, no resource from elsewhere, light and dark.
std::string reportPage(const Report &report);

/// Writes it whole or not at all. Throws FileError.
void writeReport(const std::filesystem::path &file, const Report &report);

} // namespace roux::report
