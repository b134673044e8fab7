//===- Run.cpp - `roux run` -----------------------------------------------===//
//
// Builds what a recipe ends in: its trains and their models, then its evals. What
// this build cannot do is refused before any work.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/ComplaintForm.h"
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/DumpStages.h"
#include "compiler/tools/EvalBuild.h"
#include "compiler/tools/InspectOptions.h"
#include "compiler/tools/ModelBuild.h"
#include "compiler/tools/Outlook.h"
#include "compiler/tools/RecipeDevice.h"
#include "compiler/tools/RecipeFile.h"
#include "compiler/tools/RunReport.h"
#include "compiler/tools/RunnableRecipe.h"
#include "compiler/tools/Settings.h"
#include "compiler/tools/StepOfRecipe.h"
#include "runtime/Processor.h"
#include "runtime/Say.h"
#include "runtime/data/Temporary.h"
#include "runtime/train/RunLock.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <map>

namespace roux {

namespace {
struct RunRequest {
  std::string path, target, dumpFolder;
  std::optional<EditedStage> edited; ///< of the train `target`, or the last one
  CheckOptions check;
  std::vector<std::string> command; ///< as typed
  DiagnosticForm form = DiagnosticForm::Text;
  bool dry = false; ///< say what would be done and do nothing
};
} // namespace

/// Writes the stages of everything that is going to be compiled.
static void dump(const SourceManager &sources, const CheckedRecipe &recipe,
                 const RunRequest &request, const CheckedDefinition *editedTrain,
                 DataBuilder &builder) {
  StageDump dump(request.dumpFolder);
  std::vector<bool> isBuilt(recipe.definitions.size());
  // Every definition stands after those it reads.
  for (size_t i = recipe.definitions.size(); i-- > 0;) {
    const CheckedDefinition &definition = recipe.definitions[i];
    isBuilt[i] = isBuilt[i] || (definition.inMainFile &&
                                (request.target.empty() || definition.name == request.target));
    for (uint32_t read : definition.reads)
      isBuilt[read] = isBuilt[read] || isBuilt[i];
  }
  for (size_t i = 0; i < recipe.definitions.size(); ++i) {
    const CheckedDefinition &definition = recipe.definitions[i];
    if (isBuilt[i] && (definition.kind == ast::Kind::Train || definition.kind == ast::Kind::Eval))
      dumpProgram(sources, recipe, definition, builder,
                  &definition == editedTrain ? request.edited : std::nullopt, dump);
  }
}

/// Looks at what was asked beside the recipe before the first training begins.
static void prepare(const SourceManager &sources, const CheckedRecipe &recipe,
                    const RunRequest &request, TrainBuilder &trains) {
  deviceOf(recipe);
  const CheckedValue &machine = recipe.run()["arch"];
  if (recipe.run()["device"].is("cpu") && !machine.is("native") && !runsHere(machine.text))
    throw RefusedRecipe(
        sources, machine.where,
        fmt::format("{} is more than this processor has; expected native", machine.text));
  const CheckedDefinition *train = nullptr;
  if (request.edited) {
    train = &trainNamed(recipe, request.target);
    StepSource source =
        stepOf(sources, recipe, *train, trains.data().modelOf((*train)["model"]).config);
    source.edited = request.edited;
    if (!outlineStep(source))
      throw std::runtime_error(
          fmt::format("train {} cannot be made of '{}'", train->name, request.edited->path));
    trains.edit(*train, *request.edited);
  }
  if (!request.dumpFolder.empty())
    dump(sources, recipe, request, train, trains.data());
}

/// The trains and evals of the main file, or what is named `target`, which may be a model too.
static std::vector<const CheckedDefinition *> wantedOf(const CheckedRecipe &recipe,
                                                       const std::string &target) {
  using enum ast::Kind;
  std::vector<const CheckedDefinition *> wanted;
  for (const CheckedDefinition &definition : recipe.definitions) {
    bool isUsual =
        definition.kind == Train || definition.kind == Eval || definition.kind == ast::Kind::Score;
    bool isMeant = target.empty()
                       ? isUsual
                       : definition.name == target && (isUsual || definition.kind == Model);
    if (definition.inMainFile && isMeant)
      wanted.push_back(&definition);
  }
  return wanted;
}

/// `wanted` and all that they read, each after what it reads.
static std::vector<const CheckedDefinition *>
neededFor(const CheckedRecipe &recipe, const std::vector<const CheckedDefinition *> &wanted) {
  std::vector<bool> isNeeded(recipe.definitions.size());
  for (const CheckedDefinition *definition : wanted)
    isNeeded[static_cast<size_t>(definition - recipe.definitions.data())] = true;
  for (size_t i = recipe.definitions.size(); i-- > 0;)
    for (uint32_t read : recipe.definitions[i].reads)
      isNeeded[read] = isNeeded[read] || isNeeded[i];
  std::vector<const CheckedDefinition *> needed;
  for (size_t i = 0; i < recipe.definitions.size(); ++i)
    if (isNeeded[i])
      needed.push_back(&recipe.definitions[i]);
  return needed;
}

/// Whether `value` is, or is made of, an answer of a model.
static bool asks(const CheckedValue &value) {
  return value.calls("ask") || std::ranges::any_of(value.items, asks) ||
         std::ranges::any_of(value.arguments,
                             [](const CheckedArgument &each) { return asks(each.value); });
}
static bool asks(const CheckedDefinition &definition) {
  auto any = [](const std::vector<CheckedArgument> &arguments) {
    return std::ranges::any_of(arguments,
                               [](const CheckedArgument &each) { return asks(each.value); });
  };
  return definition.kind == ast::Kind::Score || asks(definition.value) || any(definition.keys) ||
         any(definition.tasks);
}

/// Those whose data ask models before they can be planned stand last, so that all others are looked
/// at before any model is asked; else they stand as in the recipe.
static std::vector<const CheckedDefinition *>
scoredLast(const CheckedRecipe &recipe, std::vector<const CheckedDefinition *> definitions) {
  std::vector<bool> isScored(recipe.definitions.size());
  for (size_t i = 0; i < recipe.definitions.size(); ++i) {
    isScored[i] = asks(recipe.definitions[i]);
    for (uint32_t read : recipe.definitions[i].reads)
      isScored[i] = isScored[i] || isScored[read];
  }
  std::ranges::sort(definitions, {}, [&](const CheckedDefinition *definition) {
    auto place = static_cast<size_t>(definition - recipe.definitions.data());
    return std::pair<bool, size_t>(isScored[place], place);
  });
  return definitions;
}

/// Says of each what would become of it.
static int tellOutlook(const CheckedRecipe &recipe,
                       const std::vector<const CheckedDefinition *> &needed, TrainBuilder &trains,
                       EvalBuilder &evals) {
  trains.onlyLook();
  using enum ast::Kind;
  for (const CheckedDefinition *definition : scoredLast(recipe, needed))
    if (definition->kind == Train || definition->kind == Eval ||
        definition->kind == ast::Kind::Score)
      say(stdout, "{}", outlookOf(*definition, trains, evals));
  return 0;
}

/// Notes what `eval` found of a train beside that train.
static void noteEval(const CheckedRecipe &recipe, TrainBuilder &trains,
                     const CheckedDefinition &eval, const eval::EvalResult &result) {
  if (const CheckedDefinition *train = recipe.trainNamedBy(eval["model"]))
    noteResult(trains.build(*train).folder, result);
}

/// Puts on the page what there is of `definition`, which this run was not asked for.
static void addWhatIsThere(RunReport &page, TrainBuilder &trains, EvalBuilder &evals,
                           const CheckedDefinition &definition) {
  try {
    if (definition.kind == ast::Kind::Train && trains.hasRun(definition))
      page.add(definition, trains.build(definition));
    else if (definition.kind == ast::Kind::Eval && evals.hasResult(definition))
      if (std::optional<eval::EvalResult> result = evals.kept(definition))
        page.add(definition, *result);
  } catch (const std::exception &) {
    // It is not there as the recipe says it now, or cannot be. A run that is asked for it says why,
    // and this one must not lose what it has made.
  }
}

/// Builds `wanted` and fills the page with all that is there then, in the order of the recipe: who
/// asks for one train still wants to see the others beside it.
static void build(const CheckedRecipe &recipe, const std::vector<const CheckedDefinition *> &wanted,
                  TrainBuilder &trains, EvalBuilder &evals, RunReport &page,
                  const std::function<void(const CheckedDefinition &)> &buildModel) {
  std::map<const CheckedDefinition *, eval::EvalResult> results;
  for (const CheckedDefinition *definition : wanted)
    if (definition->kind == ast::Kind::Train)
      trains.build(*definition);
    else if (definition->kind == ast::Kind::Eval) {
      auto found = results.emplace(definition, evals.build(*definition)).first;
      noteEval(recipe, trains, *definition, found->second);
    } else if (definition->kind == ast::Kind::Score)
      trains.scoresOf(*definition);
    else
      buildModel(*definition);
  trains.onlyLook();
  for (const CheckedDefinition &definition : recipe.definitions)
    if (auto result = results.find(&definition); result != results.end())
      page.add(definition, result->second);
    else if (definition.kind == ast::Kind::Train && std::ranges::count(wanted, &definition))
      page.add(definition, trains.build(definition));
    else if (definition.inMainFile)
      addWhatIsThere(page, trains, evals, definition);
}

static int runDefinitions(const SourceManager &sources, const CheckedRecipe &recipe,
                          const RunRequest &request) {
  const std::string &path = request.path, &target = request.target;
  std::vector<const CheckedDefinition *> wanted = wantedOf(recipe, target);
  if (wanted.empty())
    return refuse(target.empty()
                      ? "the recipe has no train, eval or score, so there is nothing to run"
                      : fmt::format("no train, eval, score or model is named '{}'", target));
  std::optional<train::RunLock> lock;
  if (!request.dry) {
    lock.emplace(outputFolder(path));
    data::removeAbandoned(outputFolder(path) / "data");
    data::removeTemporaries(outputFolder(path) / "evals");
  }
  TrainBuilder trains(sources, recipe, outputFolder(path));
  trains.keepRecords({request.command, request.check});
  prepare(sources, recipe, request, trains);
  EvalBuilder evals(sources, recipe, trains, outputFolder(path));
  std::vector<const CheckedDefinition *> needed = neededFor(recipe, wanted);
  if (request.dry)
    return tellOutlook(recipe, needed, trains, evals);
  RunReport page(sources, recipe);
  // All that can be found before the first step of any train is found here.
  for (const CheckedDefinition *definition : scoredLast(recipe, needed))
    if (definition->kind == ast::Kind::Train)
      trains.prepare(*definition);
    else if (definition->kind == ast::Kind::Eval)
      evals.prepare(*definition);
    else if (definition->kind == ast::Kind::Model)
      trains.prepare(definition->value);
  build(recipe, wanted, trains, evals, page, [&](const CheckedDefinition &model) {
    buildModel(sources, recipe, trains, outputFolder(path), model);
  });
  for (const auto &[score, table] : trains.scores())
    page.add(*score, *table);
  say(stdout, "\n{}\nreport: {}\n", page.tableText(), page.write(outputFolder(path)).string());
  return 0;
}

int runRun(int argc, char **argv) {
  CLI::App app("build a recipe's trains and evals; what is there and unchanged is skipped",
               "roux run");
  RunRequest request;
  request.check.files = true;
  std::string from;
  std::vector<std::string> set;
  app.add_option("recipe", request.path, "the recipe")->required();
  app.add_option("--target", request.target,
                 "only this train, eval, score or model, and what it needs");
  addEdited(app, from);
  app.add_option("--dump-dir", request.dumpFolder,
                 "write every stage of what is compiled to files of this folder");
  app.add_flag("--quiet,-q", isQuiet, "say only what went wrong; the report has the rest");
  app.add_flag(
      "--dry-run", request.dry,
      "say what would be built, and why what was built before is not enough; build nothing");
  addDiagnostics(app, request.form);
  addSettings(app, set);
  addRunKeys(app, request.check);
  request.command = {"roux"};
  request.command.insert(request.command.end(), argv, argv + argc);
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  // In a file as on a terminal, what is said stands in the order in which it was done.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (request.form == DiagnosticForm::Json)
    complainInJson();
  // Who reads JSON reads nothing else.
  isQuiet = isQuiet || (request.form == DiagnosticForm::Json && !request.dry);
  return guarded(
      [&] {
        request.edited = readEdited(from);
        if (!readSettings(set, request.check))
          return 1;
        return withRunnable(
            request.path, request.check,
            [&](const SourceManager &sources, const CheckedRecipe &recipe) {
              return runDefinitions(sources, recipe, request);
            },
            request.form);
      },
      request.form);
}

} // namespace roux
