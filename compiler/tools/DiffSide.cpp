//===- DiffSide.cpp - one of the two that are compared ---------------------===//
//
// See the header. What cannot be planned, because its files are gone, is still
// compared as text.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/DiffSide.h"

#include "compiler/frontend/Meaning.h"
#include "compiler/frontend/Objective.h"
#include "compiler/tools/RecipeFile.h"
#include "compiler/tools/RunList.h"
#include "compiler/tools/StepMemory.h"
#include "compiler/tools/StepOfRecipe.h"
#include "compiler/tools/TrainBuild.h"
#include "runtime/Say.h"
#include "runtime/data/view/DataSummary.h"
#include "runtime/train/Progress.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <sstream>

namespace roux {

namespace {

class SideReader {
public:
  SideReader(const SourceManager &sources, const CheckedRecipe &recipe,
             const std::filesystem::path &output)
      : sources(sources), recipe(recipe), trains(sources, recipe, output) {
    trains.onlyLook();
  }

  DiffTrain read(const CheckedDefinition &train, const std::optional<ListedRun> &run);

private:
  void addPlan(const CheckedDefinition &train, const TrainingData &data);
  void addMemory(const CheckedDefinition &train, const TrainingData &data);
  void addResults(const ListedRun &run);
  void add(const char *section, std::string name, std::string value) {
    facts.push_back({section, std::move(name), std::move(value)});
  }

  const SourceManager &sources;
  const CheckedRecipe &recipe;
  TrainBuilder trains;
  std::vector<DiffFact> facts;
};

} // namespace

static std::string spreadText(const data::Spread &spread) {
  std::string least = train::countText(spread.least), most = train::countText(spread.most);
  return least == most ? least : least + ".." + most;
}

void SideReader::addPlan(const CheckedDefinition &train, const TrainingData &data) {
  data::DataSummary summary = data::summarize(data.plan, data.store, train["weight"].expression);
  add("steps", "steps", fmt::format("{}", summary.steps));
  add("steps", "epochs", fmt::format("{}", summary.epochs));
  add("steps", "sequences a step", spreadText(summary.sequences));
  add("steps", "tokens a step", spreadText(summary.positions));
  add("steps", "targets a step", spreadText(summary.targets));
  add("steps", "packs full",
      summary.occupancy > 0 ? fmt::format("{:.1f}%", 100 * summary.occupancy) : "");
  if (summary.stepsWeighed > 0) {
    add("weights", "sum of a step",
        summary.weightSums.least == summary.weightSums.most
            ? fmt::format("{:.4g}", summary.weightSums.least)
            : fmt::format("{:.4g}..{:.4g}", summary.weightSums.least, summary.weightSums.most));
    add("weights", "lightest sequence", fmt::format("{:.4g}", summary.lightest));
    add("weights", "heaviest sequence", fmt::format("{:.4g}", summary.heaviest));
    add("weights", "targets that weigh 0", fmt::format("{}", summary.zeroWeights));
  }
  for (const data::DataSummary::SourceCount &source : summary.sources)
    add("data", source.name,
        fmt::format("{} sequences, {} tokens, {} targets", source.sequences, source.tokens,
                    source.targets));
  for (const data::LedgerLine &line : data.plan.ledger().lines())
    add("data", fmt::format("{}: {}", spelling(line.fate), line.rule),
        fmt::format("{} sequences, {} tokens, {} targets", line.sequences, line.tokens,
                    line.targets));
}

void SideReader::addMemory(const CheckedDefinition &train, const TrainingData &data) {
  FittedStep step =
      fitStep(recipe, train, stepOf(sources, recipe, train, data.model.config), &data.plan);
  auto bytes = [&](std::string name, int64_t count) {
    add("memory", std::move(name), train::bytesText(static_cast<double>(count)));
  };
  bytes("parameters", step.memory.parameters);
  bytes("gradients", step.memory.gradients);
  bytes("moments", step.memory.moments);
  bytes("activations", step.memory.activations);
  if (step.memory.libraries)
    bytes("libraries' workspace", step.memory.libraries);
  bytes("peak", step.memory.peak());
  add("memory", "largest micro-batch", fmt::format("{} tokens", step.memory.tokens));
}

void SideReader::addResults(const ListedRun &run) {
  add("results", "state", run.state);
  if (run.steps)
    add("results", "last loss", fmt::format("{:.4f}", run.lastLoss));
  if (!run.record)
    return;
  for (const auto &[name, value] : run.record->results)
    add("results", name, fmt::format("{:.4f}", value));
  add("results", "time", train::durationText(run.record->seconds));
  add("results", "machine", run.record->machine);
  add("results", "version", run.record->version);
}

DiffTrain SideReader::read(const CheckedDefinition &train, const std::optional<ListedRun> &run) {
  DiffTrain side{.name = train.name, .formula = {}, .meaning = {}, .facts = {}, .notPlanned = {}};
  std::istringstream lines(describeObjective(sources, train));
  std::getline(lines, side.formula);
  std::getline(lines, side.formula);
  side.formula.erase(0, side.formula.find_first_not_of(' '));
  side.meaning = meaningOf(recipe, train) + fmt::format("dtype {}\n", recipe.run()["dtype"].text);
  facts.clear();
  std::optional<ListedRun> built = run;
  try {
    std::shared_ptr<const TrainingData> data = trains.dataOf(train);
    side.meaning += fmt::format("tokens {:016x}\n", data->store.hash());
    addPlan(train, *data);
    addMemory(train, *data);
    if (!built && trains.isThere(train))
      built = runIn(trains.build(train).folder);
  } catch (const std::exception &error) {
    side.notPlanned = error.what();
  }
  if (built)
    addResults(*built);
  side.facts = std::move(facts);
  return side;
}

/// Checks the recipe in `file` and hands it to `read`. Throws after printing its mistakes.
static void withRecipe(SourceManager &sources, uint32_t file, const CheckOptions &options,
                       const std::function<void(const CheckedRecipe &)> &read) {
  Diagnostics diagnostics(sources);
  std::optional<CheckedRecipe> recipe = check(sources, file, diagnostics, options);
  if (diagnostics.hasErrors())
    say(stderr, "{}", diagnostics.text());
  if (!recipe)
    throw std::runtime_error(
        fmt::format("{}: cannot be compared before that is mended", sources.path(file)));
  read(*recipe);
}

/// Paths of a run are of the folder that it was started in.
static std::string placed(const train::RunRecord &record, const std::string &path) {
  std::error_code unknown;
  return record.folder == std::filesystem::current_path(unknown).string()
             ? path
             : (std::filesystem::path(record.folder) / path).string();
}

static DiffSide sideOfRun(const std::string &path) {
  std::filesystem::path folder = std::filesystem::path(path).lexically_normal();
  if (!folder.has_filename())
    folder = folder.parent_path();
  ListedRun run = runIn(folder);
  if (run.train.empty() || !run.record)
    throw std::runtime_error(fmt::format(
        "{}: is not the folder of a run: expected runs/RECIPE/NAME-HASH with a run.json", path));
  const train::RunRecord &record = *run.record;
  if (record.files.empty())
    throw std::runtime_error(fmt::format("{}: holds no recipe", train::recordOf(folder).string()));
  std::map<std::string, std::string> texts;
  for (const auto &[name, text] : record.files)
    texts[placed(record, name)] = text;
  CheckOptions options{.set = record.settings, .run = record.flags};
  options.read = [&](const std::string &name) -> std::optional<std::string> {
    auto known = texts.find(name);
    return known == texts.end() ? std::nullopt : std::optional(known->second);
  };
  SourceManager sources;
  uint32_t file = sources.add(placed(record, record.files[0].first), record.files[0].second);
  DiffSide side{.label = path, .trains = {}};
  withRecipe(sources, file, options, [&](const CheckedRecipe &recipe) {
    SideReader reader(sources, recipe, folder.parent_path());
    side.trains.push_back(reader.read(trainNamed(recipe, run.train), run));
  });
  return side;
}

static DiffSide sideOfRecipe(const std::string &path, const CheckOptions &options) {
  SourceManager sources;
  DiffSide side{.label = path, .trains = {}};
  std::optional<uint32_t> file = openRecipe(sources, path);
  if (!file)
    throw std::runtime_error(fmt::format("{}: is neither a recipe nor the folder of a run", path));
  withRecipe(sources, *file, options, [&](const CheckedRecipe &recipe) {
    SideReader reader(sources, recipe, outputFolder(path));
    for (const CheckedDefinition &definition : recipe.definitions)
      if (definition.kind == ast::Kind::Train && definition.inMainFile)
        side.trains.push_back(reader.read(definition, std::nullopt));
  });
  if (side.trains.empty())
    throw std::runtime_error(fmt::format("{}: has no train to compare", path));
  return side;
}

DiffSide diffSide(const std::string &path, const CheckOptions &options) {
  return std::filesystem::is_directory(path) ? sideOfRun(path) : sideOfRecipe(path, options);
}

} // namespace roux
