//===- ReportTest.cpp - a page that opens anywhere ------------------------===//
//
// What it must never have (scripts, links, markup from names) and what every part
// must show. The full page is written to report-example.html among the test's
// temporary files, to be looked at.
//
//===----------------------------------------------------------------------===//
#include "runtime/report/Report.h"
#include "runtime/report/Axis.h"
#include "runtime/report/Html.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

using namespace roux::report;

namespace {

std::vector<Series> curves(double from, double to, double noise) {
  std::vector<Series> all;
  for (const char *name : {"naive", "sorted", "packed"}) {
    Series series{name, {}};
    double shift = 0.04 * static_cast<double>(all.size());
    for (int step = 0; step < 1200; ++step) {
      double wave = std::sin(step * 12.9898 + shift * 99) * noise;
      series.points.emplace_back(step, to + shift + (from - to) * std::exp(-step / 180.0) + wave);
    }
    all.push_back(series);
  }
  return all;
}

Report example() {
  Report report;
  report.title = "first.recipe";
  report.subtitle = "three ways of batching, 2 cores, f32";
  report.figures = {{"held-out loss, packed", "2.31"},
                    {"useful tokens/s", "18.4k"},
                    {"trained", "3 min"},
                    {"largest memory", "1.20 GB"},
                    {"packs filled", "97.8%"}};
  report.results = {{"train", "steps", "useful tokens/s", "occupancy", "held-out loss", "needle"},
                    {{"naive", "120", "9.1k", "100%", "2.35", "0.41"},
                     {"sorted", "120", "17.2k", "100%", "2.33", "0.44"},
                     {"packed, weighted", "118", "18.4k", "97.8%", "2.31", "0.47"}}};
  report.recipe = "train packed {\n  weight: 1 / (sequence.targets * step.sequences)\n"
                  "  target: role == \"<assistant>\"\n}\n";
  report.objectives = {{"packed",
                        "L = (1/M) * sum_i (1/N_i) * sum_t nll(i, t)",
                        {"sum of weights 1; the heaviest sequence counts 412 times the lightest"}}};
  report.ledger = {{"what", "rule", "sequences", "tokens", "targets"},
                   {{"kept", "", "9,410", "61,204,118", "2,110,034"},
                    {"dropped", "overflow: drop", "12", "801,220", "6,204"}}};
  report.lengths = {{"sft", {}}};
  for (int power = 5; power <= 16; ++power)
    report.lengths[0].bins.emplace_back(fmt::format("{}", 1 << power),
                                        std::round(900 * std::exp(-std::pow(power - 9.5, 2) / 8)));
  report.occupancy = {
      {"packed", {{"90%", 3}, {"92%", 11}, {"94%", 40}, {"96%", 120}, {"98%", 260}, {"100%", 31}}}};
  report.loss = curves(8.3, 2.3, 0.12);
  Series rate{"packed", {}};
  for (int step = 0; step < 1200; ++step)
    rate.points.emplace_back(step, step < 36 ? 2e-5 * step / 36
                                             : 1e-5 * (1 + std::cos(M_PI * (step - 36) / 1164)));
  report.rate = {rate};
  report.throughput = curves(15'000, 18'000, 700);
  report.lossByPosition = {{"naive", {}}, {"packed", {}}};
  for (int power = 0; power <= 12; ++power)
    for (size_t i = 0; i < 2; ++i)
      report.lossByPosition[i].points.emplace_back(std::exp2(power),
                                                   2.2 + 3.0 / (1 + power) - 0.05 * double(i));
  HeatMap map{"packed", {"512", "1024", "2048", "4096"}, {"10%", "50%", "90%"}, {}};
  for (int row = 0; row < 3; ++row)
    map.scores.push_back({1, 1, row == 1 ? 0.5 : 0.9, row == 2 ? 0.7 : 0});
  report.needles = {map};
  report.loss.push_back({"report/unseen of packed", {{300, 4}, {600, 3.1}, {900, 2.7}}, true});
  report.lossByTokens = report.loss;
  report.gradientNorm = curves(4, 1, 0.5);
  report.warnings = {"packed: 12 answers' ends are not trained", "naive: 3 targets weigh 0"};
  report.runs = {{"run", "state", "what differs"},
                 {{"packed-0123456789abcdef", "finished", "optimizer.lr 0.001"},
                  {"packed-fedcba9876543210", "stopped, saved at step 40", "optimizer.lr 0.01"}}};
  report.how = {{"train", "started", "machine", "command"},
                {{"packed", "2026-01-31 12:00:00", "here, 2 threads", "roux run first.recipe"}}};
  report.lossBySource = {{"measured", "long", "short"}, {{"unseen of packed", "2.11", "2.6"}}};
  report.samples = {{"packed, writes", "In the beginning ",
                     "God created the heaven and the earth, & <all> of it."}};
  report.kernels = {{"packed",
                     {{"kernel", "recipe line", "FLOPs", "bytes", "bound by"},
                      {{"matmul_512", "14", "1.2 G", "4.1 MB", "arithmetic"}}}}};
  report.memory = {{"what", "bytes"}, {{"weights", "12.1 MB"}, {"activations", "310 MB"}}};
  return report;
}

} // namespace

TEST(ReportTest, OpensAnywhere) {
  std::string page = reportPage(example());
  for (const char *never : {"<script", "http:", "https:", "<link", "<img", "@import", "url("})
    EXPECT_EQ(page.find(never), page.npos) << never;
  EXPECT_NE(page.find("prefers-color-scheme: dark"), page.npos);
  std::ofstream(testing::TempDir() + "report-example.html") << page;
}

TEST(ReportTest, NamesAreNoMarkup) {
  EXPECT_EQ(escaped("\xc3<\xe6\x9d"), "\xef\xbf\xbd&lt;\xef\xbf\xbd"); // cut answers
  EXPECT_EQ(escaped("<b a=\"1\">&'\x01"), "&lt;b a=&quot;1&quot;&gt;&amp;&#39;\xef\xbf\xbd");
  std::string page = reportPage(example());
  EXPECT_NE(page.find("&lt;assistant&gt;"), page.npos);
  EXPECT_NE(page.find("&amp; &lt;all&gt; of it"), page.npos);
  EXPECT_EQ(page.find("<all>"), page.npos);
}

TEST(ReportTest, NoNameFromAnywhereIsMarkup) {
  const std::string name = "<b id=\"x\">'&";
  Report report;
  Table table{{name, name}, {{name, name}}};
  Series series{name, {{0, 1}, {1, 2}}};
  report.title = report.subtitle = report.recipe = name;
  report.figures = {{name, name}};
  report.results = report.ledger = report.lossBySource = report.memory = table;
  report.runs = report.how = table;
  report.warnings = {name};
  report.objectives = {{name, name, {name}}};
  report.lengths = report.occupancy = {{name, {{name, 1}}}};
  report.loss = report.lossByTokens = report.gradientNorm = report.rate = report.throughput =
      report.lossByPosition = {series, series};
  report.needles = {{name, {name}, {name}, {{1}}}};
  report.samples = {{name, name, name}};
  report.kernels = {{name, table}};
  std::string page = reportPage(report);
  EXPECT_EQ(page.find("<b id"), page.npos);
  EXPECT_EQ(page.find("'&"), page.npos);
  EXPECT_NE(page.find("&lt;b id=&quot;x&quot;&gt;&#39;&amp;"), page.npos);
}

TEST(ReportTest, EveryTagIsClosed) {
  std::string page = reportPage(example());
  for (std::string tag :
       {"svg", "figure", "div", "table", "tr", "td", "th", "text", "pre", "details"}) {
    size_t opened = 0, closed = 0;
    for (size_t at = 0; (at = page.find("<" + tag, at)) != page.npos; ++at)
      opened += page[at + 1 + tag.size()] == '>' || page[at + 1 + tag.size()] == ' ';
    for (size_t at = 0; (at = page.find("</" + tag + ">", at)) != page.npos; ++at)
      ++closed;
    EXPECT_EQ(opened, closed) << tag;
    EXPECT_GT(opened, 0u) << tag;
  }
}

TEST(ReportTest, WhatIsNotThereIsLeftOut) {
  Report report;
  report.title = "tiny.recipe";
  std::string page = reportPage(report);
  EXPECT_EQ(page.find("<h2>"), page.npos);
  EXPECT_EQ(page.find("<svg"), page.npos);
}

TEST(ReportTest, ShowsWhatIsAskedFirst) {
  std::string page = reportPage(example());
  size_t warning = page.find("ends are not trained"), results = page.find("<h2>Results"),
         runs = page.find("<h2>Runs of this recipe"), how = page.find("<h2>How it was run");
  EXPECT_LT(warning, results);
  EXPECT_LT(results, runs);
  EXPECT_LT(runs, how);
  EXPECT_NE(how, page.npos);
  // Train and held-out loss share a plot, over steps and over tokens; what is measured now and then
  // has dots.
  for (const char *caption : {">Loss<", ">Loss by tokens<"}) {
    size_t at = page.find(caption), end = page.find("</figure>", at);
    ASSERT_NE(at, page.npos) << caption;
    std::string figure = page.substr(at, end - at);
    EXPECT_NE(figure.find("report/unseen of packed"), figure.npos);
    EXPECT_NE(figure.find("<circle"), figure.npos);
  }
  EXPECT_NE(page.find(">Gradient norm, before clipping<"), page.npos);
}

TEST(ReportTest, NoNumberIsAGapAndNotAMistake) {
  Report report;
  double nan = std::numeric_limits<double>::quiet_NaN();
  report.loss = {{"a", {{0, 1}, {1, nan}, {2, 3}}}};
  std::string page = reportPage(report);
  EXPECT_EQ(page.find("nan"), page.npos);
  report.loss = {{"a", {{0, nan}}}};
  EXPECT_NE(reportPage(report).find("no numbers to show"), page.npos);
}

TEST(AxisTest, RoundTicks) {
  EXPECT_EQ(Axis(0.2, 9.7, 5).ticks(), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(Axis(1, 4096, 7, true).ticks(), (std::vector<double>{1, 4, 16, 64, 256, 1024, 4096}));
  Axis flat(3, 3, 5);
  EXPECT_GT(flat.place(3), 0);
  EXPECT_LT(flat.place(3), 1);
  EXPECT_EQ(flat.label(12'000), "12k");
  EXPECT_EQ(flat.label(2e-5), "2e-05");
  EXPECT_EQ(Axis(1, 4096, 7, true).label(4096), "4Ki");
}
