//===- ReportPage.cpp - the page, top to bottom ---------------------------===//
//
// What a person asks first stands first: how it ended, how it went, what it was made
// from, what the machine did.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/AtomicFile.h"
#include "runtime/report/Html.h"
#include "runtime/report/Plot.h"
#include "runtime/report/ReportStyle.h"
#include "runtime/report/TextTable.h"

#include <fmt/format.h>

namespace roux::report {

static std::string tableText(const Table &table) {
  auto rowText = [&](const char *tag, const std::vector<std::string> &cells) {
    std::string out = "<tr>";
    for (size_t i = 0; i < cells.size(); ++i)
      out += fmt::format("<{0}{2}>{1}</{0}>", tag, escaped(cells[i]),
                         holdsWords(table, i) ? " class=\"words\"" : "");
    return out + "</tr>\n";
  };
  std::string out = "<div class=\"wide\"><table>" + rowText("th", table.columns);
  for (const std::vector<std::string> &row : table.rows)
    out += rowText("td", row);
  return out + "</table></div>\n";
}

static std::string figureText(const std::string &title, const std::string &plot) {
  return fmt::format("<figure><figcaption>{}</figcaption>{}</figure>\n", escaped(title), plot);
}

/// A heading with what stands under it; nothing where there is nothing.
static std::string section(std::string_view heading, const std::string &contents) {
  return contents.empty() ? "" : fmt::format("<h2>{}</h2>\n{}", heading, contents);
}
static std::string section(std::string_view heading, const Table &table) {
  return table.rows.empty() ? "" : section(heading, tableText(table));
}
static std::string plots(const std::string &figures) {
  return figures.empty() ? "" : "<div class=\"plots\">\n" + figures + "</div>\n";
}

static std::string warnings(const Report &report) {
  std::string out;
  for (const std::string &each : report.warnings)
    out += fmt::format("<p class=\"warning\">{}</p>\n", escaped(each));
  return out;
}

static std::string tiles(const std::vector<Figure> &figures) {
  std::string out;
  for (const Figure &figure : figures)
    out += fmt::format("<div class=\"tile\"><b>{}</b><span>{}</span></div>\n",
                       escaped(figure.value), escaped(figure.label));
  return out.empty() ? "" : "<div class=\"tiles\">\n" + out + "</div>\n";
}

static std::string curves(const Report &report) {
  std::string out;
  auto add = [&](const std::vector<Series> &series, const PlotText &text) {
    if (!series.empty())
      out += figureText(text.title, linePlot(series, text));
  };
  add(report.loss, {"Loss", "step", "loss of the step; held out, a token"});
  add(report.lossByTokens,
      {"Loss by tokens", "tokens trained", "loss of the step; held out, a token"});
  add(report.gradientNorm, {"Gradient norm, before clipping", "step", "norm", false, true});
  add(report.rate, {"Learning rate", "step", "learning rate", false, true});
  add(report.throughput, {"Useful tokens per second", "step", "tokens/s", false, true});
  return plots(out);
}

static std::string speed(const Report &report) {
  constexpr std::string_view how =
      "operations a token: additions and multiplications of the model's matrices and of attention "
      "over what the plan lets a token see, forwards and backwards; nothing that is computed again "
      "counts. peak: of products in the step's type, the best of some tries on one core when the "
      "training ended, times its threads; not measured on other devices than cpu, and behind fewer "
      "than 30 steps";
  return report.speed.rows.empty()
             ? ""
             : tableText(report.speed) + fmt::format("<p class=\"note\">{}</p>\n", how);
}

static std::string heldOut(const Report &report) {
  const PlotText byPosition = {"By position", "token in the sequence", "nats a token", true, false,
                               true};
  std::string out;
  if (!report.lossByPosition.empty())
    out = plots(figureText(byPosition.title, linePlot(report.lossByPosition, byPosition)));
  if (!report.lossBySource.rows.empty())
    out += "<h3>By source, in nats a token</h3>\n" + tableText(report.lossBySource);
  return out;
}

static std::string needles(const Report &report) {
  std::string out;
  for (const HeatMap &map : report.needles)
    out += figureText(map.name, heatPlot(map, {map.name, "length in tokens", "depth"}));
  return plots(out);
}

static std::string dataPlots(const Report &report) {
  std::string out;
  for (const Histogram &each : report.lengths)
    out += figureText("Lengths: " + each.name,
                      barPlot(each, {"Lengths", "positions, up to twice as many", "sequences"}));
  for (const Histogram &each : report.occupancy)
    out += figureText("Filled packs: " + each.name,
                      barPlot(each, {"Filled packs", "filled share of a pack, at least", "packs"}));
  return plots(out);
}

static std::string scores(const Report &report) {
  std::string out;
  for (const Histogram &each : report.scores)
    out += figureText(each.name, barPlot(each, {each.name, "value, at least", "values"}));
  return plots(out);
}

static std::string objectives(const Report &report) {
  std::string out;
  for (const Objective &each : report.objectives) {
    out += fmt::format("<div class=\"formula\"><div class=\"name\">{}</div><pre>{}</pre>",
                       escaped(each.train), escaped(each.formula));
    out += "<div class=\"notes\">";
    for (const std::string &note : each.notes)
      out += fmt::format("<p class=\"note\">{}</p>", escaped(note));
    out += "</div></div>\n";
  }
  return out;
}

static std::string samples(const Report &report) {
  std::string out, model;
  for (const Sample &each : report.samples) {
    if (each.model != model)
      out += fmt::format("<h3>{}</h3>\n", escaped(each.model));
    model = each.model;
    out += fmt::format("<div class=\"sample\"><i>{}</i>{}</div>\n", escaped(each.prompt),
                       escaped(each.answer));
  }
  return out;
}

/// A table to be opened where it is longer than a glance.
static std::string foldedTable(const std::string &name, const Table &table) {
  constexpr size_t glance = 12;
  if (table.rows.empty())
    return "";
  if (table.rows.size() <= glance && name.empty())
    return tableText(table);
  return fmt::format("<details><summary>{}{}{} lines</summary>{}</details>\n", escaped(name),
                     name.empty() ? "" : ": ", table.rows.size(), tableText(table));
}

static std::string kernels(const Report &report) {
  std::string out;
  for (const Appendix &each : report.kernels)
    out += foldedTable(each.name, each.table);
  return out;
}

static std::string recipe(const Report &report) {
  return report.recipe.empty()
             ? ""
             : fmt::format("<details open><summary>{}</summary><pre class=\"long\">{}</pre>"
                           "</details>\n",
                           escaped(report.title), escaped(report.recipe));
}

std::string reportPage(const Report &report) {
  std::string page =
      fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<title>{0}</title>\n<style>{2}</style></head>\n<body><main>\n<h1>{0}</h1>\n"
                  "<p class=\"sub\">{1}</p>\n",
                  escaped(report.title), escaped(report.subtitle), reportStyle());
  page += warnings(report);
  page += tiles(report.figures);
  page += section("Results", report.results);
  page += section("Runs of this recipe", report.runs);
  page += section("Training", curves(report));
  page += section("Speed", speed(report));
  page += section("Held-out loss", heldOut(report));
  page += section("Needle in a haystack", needles(report));
  page += section("What it writes", samples(report));
  page += section("Objective", objectives(report));
  page += section("Recipe", recipe(report));
  page += section("How it was run", report.how);
  page += section("Data", dataPlots(report));
  page += section("Scores", scores(report));
  page += section("Ledger", foldedTable("", report.ledger));
  page += section("Memory", report.memory);
  page += section("Kernels", kernels(report));
  return page + "</main></body></html>\n";
}

void writeReport(const std::filesystem::path &file, const Report &report) {
  data::writeWhole(file, reportPage(report));
}

} // namespace roux::report
