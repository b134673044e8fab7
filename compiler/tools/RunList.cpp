//===- RunList.cpp - the runs that a recipe has left -----------------------===//
//
// Read from what lies there, so that a run whose record is lost is listed too.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/RunList.h"

#include "compiler/frontend/MeaningChange.h"
#include "runtime/Say.h"
#include "runtime/data/JsonText.h"
#include "runtime/train/CheckpointFolder.h"
#include "runtime/train/MetricsFile.h"
#include "runtime/train/Progress.h"
#include "runtime/train/RunLock.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <map>
#include <tuple>

namespace roux {

using data::jsonNumber;
using data::jsonText;

std::string trainOfFolder(const std::filesystem::path &folder) {
  std::string name = folder.filename().string();
  constexpr size_t digits = 16;
  if (name.size() < digits + 2 || name[name.size() - digits - 1] != '-' ||
      name.find_first_not_of("0123456789abcdef", name.size() - digits) != name.npos)
    return "";
  return name.substr(0, name.size() - digits - 1);
}

static std::string contentsOf(const std::filesystem::path &file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator(stream), {}};
}

/// What became of the train in `folder`, of which so many steps are saved.
static std::string stateOf(const std::filesystem::path &folder, uint64_t saved,
                           const std::optional<train::RunRecord> &record) {
  if (std::filesystem::exists(folder / "model" / "config.json"))
    return "finished";
  if (train::isLocked(folder))
    return "running";
  std::string why = record && !record->ended.empty() &&
                            record->ended.find("the same command goes on") == std::string::npos
                        ? ": " + record->ended
                        : "";
  return (saved ? fmt::format("stopped, saved at step {}", saved) : "stopped, nothing saved") + why;
}

ListedRun runIn(const std::filesystem::path &folder) {
  ListedRun run{.folder = folder,
                .train = trainOfFolder(folder),
                .state = {},
                .record = {},
                .madeFrom = contentsOf(folder / madeFrom),
                .differs = {}};
  std::filesystem::path file = train::recordOf(folder);
  run.record = train::readRecord(file);
  if (!run.record && std::filesystem::exists(file))
    say(stderr, "{}: is not what was written; the rest is shown\n", file.string());
  std::vector<train::StepMetrics> metrics = train::MetricsFile::read(folder / "metrics.jsonl");
  for (const train::StepMetrics &step : metrics)
    run.tokens += static_cast<double>(step.tokens);
  size_t last = std::max<size_t>(metrics.size() / 10, 1);
  for (size_t i = metrics.size() - std::min(last, metrics.size()); i < metrics.size(); ++i)
    run.lastLoss += metrics[i].loss / static_cast<double>(last);
  run.steps = metrics.empty() ? 0 : metrics.back().step + 1;
  std::vector<uint64_t> saved = train::CheckpointFolder(folder, 0).steps();
  run.state = stateOf(folder, saved.empty() ? 0 : saved.back(), run.record);
  return run;
}

/// Fills in on what runs of one train differ. Values are those of the first run and the changes
/// from it.
static void compare(std::span<ListedRun> runs) {
  std::vector<std::vector<MeaningChange>> changes;
  std::vector<MeaningChange> all; // each key once
  for (const ListedRun &run : runs) {
    changes.push_back(changesOf(runs[0].madeFrom, run.madeFrom));
    for (const MeaningChange &change : changes.back())
      if (!run.madeFrom.empty() &&
          std::ranges::find(all, change.what, &MeaningChange::what) == all.end())
        all.push_back(change);
  }
  for (size_t i = 0; i < runs.size(); ++i)
    for (const MeaningChange &key : all) {
      auto own = std::ranges::find(changes[i], key.what, &MeaningChange::what);
      bool isChanged = own != changes[i].end();
      if (isHash(key.what)) {
        if (isChanged)
          runs[i].differs.emplace_back(key.what, print(*own));
      } else {
        runs[i].differs.emplace_back(key.what, isChanged ? own->now : key.before);
      }
    }
}

std::vector<ListedRun> runsIn(const std::filesystem::path &output) {
  std::vector<ListedRun> runs;
  std::error_code none;
  for (const auto &entry : std::filesystem::directory_iterator(output, none))
    if (!trainOfFolder(entry.path()).empty() && std::filesystem::exists(entry.path() / madeFrom))
      runs.push_back(runIn(entry.path()));
  auto begun = [](const ListedRun &run) {
    return std::tuple(run.record ? run.record->started : "", run.folder);
  };
  std::ranges::sort(runs, {}, begun);
  std::map<std::string, size_t> order; // of trains: by their first runs
  for (const ListedRun &run : runs)
    order.try_emplace(run.train, order.size());
  std::ranges::sort(runs, {}, [&](const ListedRun &run) {
    return std::tuple_cat(std::tuple(order[run.train]), begun(run));
  });
  for (size_t begin = 0, end = 0; begin < runs.size(); begin = end) {
    while (end < runs.size() && runs[end].train == runs[begin].train)
      ++end;
    compare(std::span(runs).subspan(begin, end - begin));
  }
  return runs;
}

/// What evals found of any of `runs`, by name.
static std::vector<std::string> measuredOf(const std::vector<ListedRun> &runs) {
  std::vector<std::string> names;
  for (const ListedRun &run : runs)
    if (run.record)
      for (const auto &[name, value] : run.record->results)
        if (std::ranges::find(names, name) == names.end())
          names.push_back(name);
  return names;
}

static std::string differsText(const ListedRun &run) {
  std::string text;
  for (const auto &[key, value] : run.differs) {
    text += text.empty() ? "" : ", ";
    text += isHash(key) ? value : key + " " + shortened(value.empty() ? "none" : value);
  }
  return text;
}

report::Table tableOf(const std::vector<ListedRun> &runs) {
  report::Table table{{"run", "started", "state", "steps", "tokens", "time", "last loss"}, {}};
  std::vector<std::string> measured = measuredOf(runs);
  table.columns.insert(table.columns.end(), measured.begin(), measured.end());
  table.columns.push_back("what differs");
  for (const ListedRun &run : runs) {
    const train::RunRecord record = run.record.value_or(train::RunRecord());
    std::vector<std::string> row{run.folder.filename().string(),
                                 record.started.substr(0, record.started.find('.')),
                                 run.state,
                                 fmt::format("{}", run.steps),
                                 train::countText(run.tokens),
                                 run.record ? train::durationText(record.seconds) : "",
                                 run.steps ? fmt::format("{:.4f}", run.lastLoss) : ""};
    for (const std::string &name : measured) {
      auto found =
          std::ranges::find(record.results, name, [](const auto &each) { return each.first; });
      row.push_back(found == record.results.end() ? "" : fmt::format("{:.4f}", found->second));
    }
    row.push_back(differsText(run));
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// "{…}" of keys and values.
static std::string objectOf(const std::vector<std::pair<std::string, std::string>> &pairs) {
  std::string out;
  for (const auto &[key, value] : pairs)
    out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", jsonText(key), value);
  return "{" + out + "}";
}

std::string jsonOf(const ListedRun &run) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  Pairs all{{"folder", jsonText(run.folder.string())},
            {"train", jsonText(run.train)},
            {"state", jsonText(run.state)},
            {"steps", fmt::format("{}", run.steps)},
            {"tokens", jsonNumber(run.tokens)}};
  all.emplace_back("last_loss", run.steps ? jsonNumber(run.lastLoss) : "null");
  Pairs differs, results, settings;
  for (const auto &[key, value] : run.differs)
    differs.emplace_back(key, jsonText(value));
  all.emplace_back("differs", objectOf(differs));
  if (!run.record)
    return objectOf(all);
  const train::RunRecord &record = *run.record;
  for (const auto &[name, value] : record.results)
    results.emplace_back(name, jsonNumber(value));
  for (const auto &[name, value] : record.settings)
    settings.emplace_back(name, jsonText(value));
  std::string command;
  for (const std::string &word : record.command)
    command += (command.empty() ? "" : ", ") + jsonText(word);
  all.insert(all.end(), {{"results", objectOf(results)},
                         {"recipe", jsonText(record.recipe)},
                         {"settings", objectOf(settings)},
                         {"command", "[" + command + "]"},
                         {"started", jsonText(record.started)},
                         {"seconds", jsonNumber(record.seconds)},
                         {"machine", jsonText(record.machine)},
                         {"version", jsonText(record.version)},
                         {"seed", jsonText(fmt::format("{}", record.seed))},
                         {"dtype", jsonText(record.dtype)}});
  return objectOf(all);
}

} // namespace roux
