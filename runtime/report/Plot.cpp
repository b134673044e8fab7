//===- Plot.cpp - curves, bars and maps as SVG ----------------------------===//
//
// One frame (title, grid, axes) for curves and bars; coordinates are of a viewBox
// that the page scales.
//
//===----------------------------------------------------------------------===//
#include "runtime/report/Plot.h"

#include "runtime/report/Axis.h"
#include "runtime/report/Html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace roux::report {

static constexpr double width = 560, height = 300;
static constexpr double left = 76, right = 24, top = 12, bottom = 46;
static constexpr double innerWidth = width - left - right, innerHeight = height - top - bottom;
static constexpr size_t mostPoints = 400, colours = 6;

static double acrossAt(const Axis &axis, double value) {
  return left + axis.place(value) * innerWidth;
}
static double upAt(const Axis &axis, double value) {
  return top + (1 - axis.place(value)) * innerHeight;
}

static std::string label(double x, double y, const char *kind, std::string_view text) {
  return fmt::format(R"(<text x="{:.1f}" y="{:.1f}" class="{}">{}</text>)", x, y, kind,
                     escaped(text));
}

/// The name of the axis up, read from below.
static std::string upward(double middle, std::string_view text) {
  return fmt::format(
      R"svg(<text transform="translate(13 {:.1f}) rotate(-90)" class="axis">{}</text>)svg", middle,
      escaped(text));
}

static std::string opening(const PlotText &text, double tall = height) {
  return fmt::format(R"(<svg viewBox="0 0 {} {}" role="img" aria-label="{}">)", width, tall,
                     escaped(text.title));
}

/// Lines and numbers of the axis up, and the names of both.
static std::string frame(const Axis &up, const PlotText &text) {
  std::string out;
  for (double tick : up.ticks()) {
    double y = upAt(up, tick);
    out += fmt::format(R"(<line x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}" class="grid"/>)", left,
                       width - right, y, y);
    out += label(left - 7, y + 4, "number", up.label(tick));
  }
  out += label(left + innerWidth / 2, height - 6, "axis", text.across);
  out += upward(top + innerHeight / 2, text.up);
  return out;
}

/// The curve with at most mostPoints points, each the mean of its neighbours.
static std::vector<std::pair<double, double>>
thinned(const std::vector<std::pair<double, double>> &points) {
  if (points.size() <= mostPoints)
    return points;
  std::vector<std::pair<double, double>> thin;
  for (size_t i = 0; i < mostPoints; ++i) {
    size_t begin = i * points.size() / mostPoints, end = (i + 1) * points.size() / mostPoints;
    double x = 0, y = 0;
    for (size_t at = begin; at < end; ++at) {
      x += points[at].first;
      y += points[at].second;
    }
    thin.emplace_back(x / double(end - begin), y / double(end - begin));
  }
  return thin;
}

static std::string curve(const Series &series, size_t number, const Axis &across, const Axis &up,
                         bool marks) {
  size_t colour = number % colours;
  std::string path, dots;
  bool penDown = false;
  for (auto [x, y] : thinned(series.points)) {
    if (!std::isfinite(y)) {
      penDown = false;
      continue;
    }
    path += fmt::format("{}{:.1f} {:.1f}", penDown ? "L" : "M", acrossAt(across, x), upAt(up, y));
    penDown = true;
    if (marks)
      dots += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="3" class="f{}"><title>{}: {:.5g} )"
                          R"(at {:g}</title></circle>)",
                          acrossAt(across, x), upAt(up, y), colour, escaped(series.name), y, x);
  }
  return fmt::format(R"(<path d="{}" class="line s{}{}"/>{})", path, colour,
                     number >= colours ? " dashed" : "", dots);
}

/// Beside the picture and not in it, because only text of the page can wrap.
static std::string legend(const std::vector<Series> &series) {
  if (series.size() < 2)
    return "";
  std::string out = "<div class=\"legend\">";
  for (size_t i = 0; i < series.size(); ++i)
    out += fmt::format("<span><i class=\"b{}{}\"></i>{}</span>", i % colours,
                       i >= colours ? " dashed" : "", escaped(series[i].name));
  return out + "</div>";
}

std::string linePlot(const std::vector<Series> &series, const PlotText &text) {
  const double infinity = std::numeric_limits<double>::infinity();
  double lowX = infinity, highX = -infinity, lowY = text.fromZero ? 0 : infinity, highY = -infinity;
  for (const Series &each : series)
    for (auto [x, y] : thinned(each.points))
      if (std::isfinite(y)) {
        lowX = std::min(lowX, x), highX = std::max(highX, x);
        lowY = std::min(lowY, y), highY = std::max(highY, y);
      }
  if (highX < lowX)
    return opening(text) + label(left, top + 20, "axis start", "no numbers to show") + "</svg>";
  Axis across(lowX, highX, 7, text.logarithmic), up(lowY, highY, 5);
  std::string out = opening(text) + frame(up, text);
  for (double tick : across.ticks())
    out += label(acrossAt(across, tick), height - bottom + 17, "tick", across.label(tick));
  for (size_t i = 0; i < series.size(); ++i)
    out += curve(series[i], i, across, up, text.marks || series[i].isSparse);
  return out + "</svg>" + legend(series);
}

std::string barPlot(const Histogram &histogram, const PlotText &text) {
  double most = 0;
  for (const auto &[name, count] : histogram.bins)
    most = std::max(most, count);
  Axis up(0, most, 5);
  std::string out = opening(text) + frame(up, text);
  double each = innerWidth / static_cast<double>(std::max<size_t>(histogram.bins.size(), 1));
  size_t labelEvery = histogram.bins.size() / 10 + 1;
  for (size_t i = 0; i < histogram.bins.size(); ++i) {
    const auto &[name, count] = histogram.bins[i];
    double x = left + each * static_cast<double>(i), y = upAt(up, count);
    out += fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="f0">)"
                       R"(<title>{}: {:g}</title></rect>)",
                       x + 1, y, std::max(each - 2, 0.5), upAt(up, 0) - y, escaped(name), count);
    if (i % labelEvery == 0)
      out += label(x + each / 2, height - bottom + 17, "tick", name);
  }
  return out + "</svg>";
}

std::string heatPlot(const HeatMap &map, const PlotText &text) {
  const double rowHeight = 30;
  double tall = top + rowHeight * static_cast<double>(map.rows.size()) + bottom;
  double each = innerWidth / static_cast<double>(std::max<size_t>(map.columns.size(), 1));
  const bool hasRoom = each >= 24; // for a number in a cell
  size_t labelEvery = map.columns.size() / 12 + 1;
  std::string out = opening(text, tall);
  for (size_t row = 0; row < map.rows.size(); ++row) {
    double y = top + rowHeight * static_cast<double>(row);
    out += label(left - 7, y + rowHeight / 2 + 4, "number", map.rows[row]);
    for (size_t column = 0; column < map.columns.size(); ++column) {
      double x = left + each * static_cast<double>(column);
      bool isMarked = std::isfinite(map.scores[row][column]); // a judge may give no mark
      double score = isMarked ? map.scores[row][column] : 0;
      out += fmt::format(
          R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="3" class="heat" )"
          R"(style="--score:{:.3f}"><title>length {}, depth {}: {}</title></rect>)",
          x + 1, y + 1, each - 2, rowHeight - 2, score, escaped(map.columns[column]),
          escaped(map.rows[row]), isMarked ? fmt::format("{:.2f}", score) : "no mark");
      if (hasRoom)
        out += label(x + each / 2, y + rowHeight / 2 + 4, score > 0.5 ? "cell high" : "cell",
                     isMarked ? fmt::format("{:.2g}", score) : "–");
    }
  }
  for (size_t column = 0; column < map.columns.size(); column += labelEvery)
    out += label(left + each * (static_cast<double>(column) + 0.5), tall - bottom + 17, "tick",
                 map.columns[column]);
  out += label(left + innerWidth / 2, tall - 6, "axis", text.across);
  out += upward(top + (tall - top - bottom) / 2, text.up);
  return out + "</svg>";
}

} // namespace roux::report
