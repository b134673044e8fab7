//===- Plot.h - curves, bars and maps as SVG ------------------------------===//
//
// Drawn by hand because a report must open anywhere, for years, without a script.
// Colours are the page's, so plots follow its light and dark.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/report/Report.h"

#include <string>

namespace roux::report {

struct PlotText {
  std::string title, across,
      up;                   ///< what it shows, for who cannot see it, and the names of the axes
  bool logarithmic = false; ///< the axis across, by powers of two
  bool fromZero = false;    ///< the axis up begins at 0
  bool marks = false;       ///< a dot at every point
};

/// Curves over each other with a legend, of names that may be long. More points than a plot has
/// places for are averaged.
std::string linePlot(const std::vector<Series> &series, const PlotText &text);
std::string barPlot(const Histogram &histogram, const PlotText &text);
/// A cell says its score as a number too: colour alone is not for everyone.
std::string heatPlot(const HeatMap &map, const PlotText &text);

} // namespace roux::report
