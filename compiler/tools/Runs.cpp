//===- Runs.cpp - `roux runs` ----------------------------------------------===//
//
// Which of the folders was that good one? Reads what runs have left, and makes nothing.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/TrainingData.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/RunList.h"
#include "compiler/tools/Verbs.h"
#include "runtime/report/TextTable.h"

#include <fmt/format.h>

namespace roux {

static int listRuns(const std::string &path, bool asJson) {
  // The folder of runs may be named instead of the recipe, which may be gone.
  std::filesystem::path output =
      std::filesystem::is_directory(path) ? std::filesystem::path(path) : outputFolder(path);
  std::vector<ListedRun> runs = runsIn(output);
  if (asJson)
    for (const ListedRun &run : runs)
      fmt::print("{}\n", jsonOf(run));
  else if (!runs.empty())
    fmt::print("{}", report::textOf(tableOf(runs)));
  if (runs.empty())
    return refuse(fmt::format("{}: holds no run of a train", output.string()));
  return 0;
}

int runRuns(int argc, char **argv) {
  CLI::App app("list what a recipe's runs were, what came of them and in what they differ",
               "roux runs");
  std::string path;
  bool asJson = false;
  app.add_option("recipe", path, "the recipe, or the folder runs/RECIPE")->required();
  app.add_flag("--json", asJson, "one object a run, a line each");
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  return guarded([&] { return listRuns(path, asJson); });
}

} // namespace roux
