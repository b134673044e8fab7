//===- EvalText.cpp - what an eval found, on a terminal -------------------===//
//
// A number a line, its name before it and what it is over behind it, so that two
// runs can be compared line by line.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/EvalText.h"

#include "compiler/frontend/Utf8.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace roux {

static std::string line(int indent, std::string_view name, const eval::MeanLoss &loss,
                        std::string_view what = "target") {
  return fmt::format("{:{}}{:<{}} {:>9.4f}  over {} {}{}\n", "", indent, name, 24 - indent,
                     loss.mean, loss.targets, what, loss.targets == 1 ? "" : "s");
}

static std::string text(const CheckedArgument &task, const eval::HeldOutResult &result) {
  std::string_view what = result.pairs ? "pair" : "target";
  std::string out = line(2, task.name, result.all, what);
  if (result.pairs)
    out += fmt::format("    {:<20} {:>9.4f}\n    {:<20} {:>8.1f}%\n", "margin",
                       result.pairs->margin, "accuracy", 100 * result.pairs->accuracy);
  const CheckedValue &by = task.value["by"];
  if (by.is("position"))
    for (const eval::MeanLoss &loss : result.byPosition)
      out += line(4, loss.name, loss);
  if (by.is("source"))
    for (const eval::MeanLoss &loss : result.bySource)
      out += line(4, loss.name, loss, what);
  return out;
}

/// Lengths across, depths down.
static std::string text(const CheckedArgument &task, const eval::NeedleResult &result) {
  auto unmarked = std::ranges::count_if(
      result.cells, [](const eval::NeedleCell &cell) { return std::isnan(cell.score); });
  std::string out = fmt::format("  {:<22} {:>9.4f}  over {} cell{}{}\n", task.name, result.mean(),
                                result.cells.size(), result.cells.size() == 1 ? "" : "s",
                                unmarked ? fmt::format(", {} without a mark", unmarked) : "");
  std::vector<uint64_t> lengths;
  std::vector<double> depths;
  for (const eval::NeedleCell &cell : result.cells) {
    if (lengths.empty() || lengths.back() != cell.length)
      lengths.push_back(cell.length);
    if (lengths.size() == 1)
      depths.push_back(cell.depth);
  }
  out += fmt::format("    {:<12}", "tokens");
  for (uint64_t length : lengths)
    out += fmt::format(" {:>7}", length);
  out += '\n';
  for (size_t depth = 0; depth < depths.size(); ++depth) {
    out += fmt::format("    {:<12}", fmt::format("depth {:.3g}%", 100 * depths[depth]));
    for (size_t length = 0; length < lengths.size(); ++length)
      out += fmt::format(" {:>7.3g}", result.cells[length * depths.size() + depth].score);
    out += '\n';
  }
  return out;
}

/// `text` on one line of at most `width` characters.
static std::string shortened(const std::string &text, size_t width) {
  std::string whole = printable(text), out;
  size_t characters = 0;
  for (size_t at = 0; at < whole.size() && characters < width; ++characters) {
    Character next = decode(whole, at);
    out += next.code == '\n' || next.code == '\t' ? " " : whole.substr(at, next.bytes);
    at += next.bytes;
    if (characters + 1 == width && at < whole.size())
      return out + "…";
  }
  return out;
}

static std::string text(const CheckedArgument &task, const eval::SamplesResult &result) {
  std::string out = fmt::format("  {}\n", task.name);
  for (const eval::WrittenSample &sample : result.samples)
    out += fmt::format("    {} → {}\n", shortened(sample.prompt, 30), shortened(sample.answer, 60));
  return out;
}

static std::string text(const CheckedArgument &task, const eval::ScoredResult &result) {
  std::string out = fmt::format("  {}", task.name);
  if (!result.truncation.empty())
    out += fmt::format("  ({})", result.truncation);
  out += '\n';
  for (const eval::DataSetScore &score : result.dataSets) {
    out += fmt::format("    {:<20} {:>9.2f}  over {} item{}, {}", score.name, score.score,
                       score.items.size(), score.items.size() == 1 ? "" : "s", score.metric);
    for (size_t i = 0; i < score.lengths.size(); ++i)
      if (score.lengths[i])
        out += fmt::format("  {} {:.2f}", eval::lengthClasses[i], *score.lengths[i]);
    out += '\n';
  }
  for (const eval::LanguageAverage &average : result.averages) {
    for (const auto &[category, score] : average.categories)
      out += fmt::format("    {:<20} {:>9.2f}  {}\n", category, score, average.language);
    out += fmt::format("    {:<20} {:>9.2f}  {}, over {} of 6 categories\n", "average",
                       average.average, average.language, average.categories.size());
  }
  return out;
}

std::string evalText(const CheckedDefinition &eval, const eval::EvalResult &result) {
  std::string out;
  for (size_t i = 0; i < result.tasks.size() && i < eval.tasks.size(); ++i)
    out += std::visit([&](const auto &what) { return text(eval.tasks[i], what); },
                      result.tasks[i].what);
  return out;
}

} // namespace roux
