//===- Diff.cpp - `roux diff` ----------------------------------------------===//
//
// Two recipes differ in forty lines of text, or in one that matters. What changes is
// said in meaning: the objective, what a step is, what data are left, and what came
// of it.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/MeaningChange.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/DiffSide.h"
#include "compiler/tools/Settings.h"
#include "runtime/Say.h"
#include "runtime/data/JsonText.h"
#include "runtime/report/TextTable.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux {

namespace {

/// A fact whose values are not the same on both sides.
struct Difference {
  std::string section, name, first, second;
};

struct TrainPair {
  const DiffTrain *first = nullptr, *second = nullptr; ///< either may lack
};

} // namespace

/// Trains of one name belong together, and so do two that stand alone.
static std::vector<TrainPair> pairsOf(const DiffSide &first, const DiffSide &second) {
  if (first.trains.size() == 1 && second.trains.size() == 1)
    return {{&first.trains[0], &second.trains[0]}};
  auto named = [](const DiffSide &side, const std::string &name) -> const DiffTrain * {
    auto found = std::ranges::find(side.trains, name, &DiffTrain::name);
    return found == side.trains.end() ? nullptr : &*found;
  };
  std::vector<TrainPair> pairs;
  for (const DiffTrain &train : first.trains)
    pairs.push_back({&train, named(second, train.name)});
  for (const DiffTrain &train : second.trains)
    if (!named(first, train.name))
      pairs.push_back({nullptr, &train});
  return pairs;
}

/// Facts that differ, in the order of `second`, then those that only `first` has.
static std::vector<Difference> differencesOf(const DiffTrain &first, const DiffTrain &second) {
  auto valueIn = [](const DiffTrain &side, const DiffFact &fact) -> std::string {
    for (const DiffFact &each : side.facts)
      if (each.section == fact.section && each.name == fact.name)
        return each.value;
    return "";
  };
  std::vector<Difference> out;
  for (const DiffFact &fact : second.facts)
    if (std::string value = valueIn(first, fact); value != fact.value)
      out.push_back({fact.section, fact.name, value, fact.value});
  for (const DiffFact &fact : first.facts)
    if (valueIn(second, fact).empty() && !fact.value.empty())
      out.push_back({fact.section, fact.name, fact.value, ""});
  return out;
}

static std::string orDash(const std::string &value) {
  return value.empty() ? "–" : value;
}

static std::string indented(const report::Table &table) {
  std::string text = report::textOf(table, true), out;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at) + 1;
    out += "  " + text.substr(at, end - at);
    at = end;
  }
  return out;
}

/// `value` without line breaks and no longer than a screen is wide.
static std::string inCell(const std::string &value) {
  return shortened(orDash(value));
}

static std::string recipePart(const std::vector<MeaningChange> &changes) {
  report::Table table{{"in the recipe", "A", "B"}, {}};
  std::string words;
  for (const MeaningChange &change : changes)
    if (isHash(change.what))
      words += "  " + print(change) + "\n";
    else
      table.rows.push_back({change.what, inCell(change.before), inCell(change.now)});
  return (table.rows.empty() ? "" : indented(table)) + words;
}

/// What differs between two trains, as text; empty where nothing does.
static std::string describe(const DiffTrain &first, const DiffTrain &second) {
  std::string out;
  if (first.formula != second.formula)
    out += fmt::format("  objective\n    A  {}\n    B  {}\n", first.formula, second.formula);
  out += recipePart(changesOf(first.meaning, second.meaning));
  std::vector<Difference> differences = differencesOf(first, second);
  for (size_t at = 0; at < differences.size();) {
    report::Table table{{differences[at].section, "A", "B"}, {}};
    for (; at < differences.size() && differences[at].section == table.columns[0]; ++at)
      table.rows.push_back(
          {differences[at].name, inCell(differences[at].first), inCell(differences[at].second)});
    out += indented(table);
  }
  return out;
}

static std::string textOf(const DiffSide &first, const DiffSide &second) {
  std::string out = fmt::format("A  {}\nB  {}\n", first.label, second.label);
  for (const TrainPair &pair : pairsOf(first, second)) {
    if (!pair.first || !pair.second) {
      out += fmt::format("\ntrain {}: only in {}\n", (pair.first ? pair.first : pair.second)->name,
                         pair.first ? "A" : "B");
      continue;
    }
    bool isRenamed = pair.first->name != pair.second->name;
    std::string differences = describe(*pair.first, *pair.second);
    out += fmt::format("\ntrain {}{}{}\n", pair.first->name,
                       isRenamed ? " and train " + pair.second->name : "",
                       differences.empty() ? ": no difference" : "");
    out += differences;
    for (auto [name, side] : {std::pair("A", pair.first), std::pair("B", pair.second)})
      if (!side->notPlanned.empty())
        out += fmt::format("  not planned: {}: {}\n", name, side->notPlanned);
  }
  return out;
}

static std::string jsonOf(const TrainPair &pair) {
  using data::jsonText;
  auto nameOf = [](const DiffTrain *side) { return side ? jsonText(side->name) : "null"; };
  std::string out = fmt::format(R"({{"a": {}, "b": {})", nameOf(pair.first), nameOf(pair.second));
  if (!pair.first || !pair.second)
    return out + "}";
  auto list = [](const auto &items, auto write) {
    std::string text;
    for (const auto &item : items)
      text += (text.empty() ? "" : ", ") + write(item);
    return "[" + text + "]";
  };
  out += fmt::format(R"(, "objective": [{}, {}])", jsonText(pair.first->formula),
                     jsonText(pair.second->formula));
  out += R"(, "recipe": )" +
         list(changesOf(pair.first->meaning, pair.second->meaning), [](const MeaningChange &each) {
           return fmt::format(R"({{"what": {}, "a": {}, "b": {}}})", jsonText(each.what),
                              jsonText(each.before), jsonText(each.now));
         });
  out +=
      R"(, "facts": )" + list(differencesOf(*pair.first, *pair.second), [](const Difference &each) {
        return fmt::format(R"({{"section": {}, "name": {}, "a": {}, "b": {}}})",
                           jsonText(each.section), jsonText(each.name), jsonText(each.first),
                           jsonText(each.second));
      });
  return out + fmt::format(R"(, "not_planned": [{}, {}]}})", jsonText(pair.first->notPlanned),
                           jsonText(pair.second->notPlanned));
}

int runDiff(int argc, char **argv) {
  CLI::App app("what differs in meaning between two recipes or two runs", "roux diff");
  std::string first, second;
  bool asJson = false;
  app.add_option("A", first, "a recipe, or the folder of a run: runs/RECIPE/NAME-HASH")->required();
  app.add_option("B", second, "the same")->required();
  app.add_flag("--json", asJson, "one object a train, a line each");
  std::vector<std::string> set;
  CheckOptions options;
  addSettings(app, set);
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  return guarded([&] {
    if (!readSettings(set, options))
      return 1;
    DiffSide a = diffSide(first, options), b = diffSide(second, options);
    if (!asJson)
      say(stdout, "{}", textOf(a, b));
    else
      for (const TrainPair &pair : pairsOf(a, b))
        say(stdout, "{}\n", jsonOf(pair));
    return 0;
  });
}

} // namespace roux
