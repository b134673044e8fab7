//===- DumpStages.cpp - every stage of a program as files -----------------===//
//
// A dump is written beside its place and renamed; its list of files, written last,
// marks a folder as a dump, so no other is ever replaced.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/DumpStages.h"

#include "compiler/frontend/Objective.h"
#include "compiler/import/PrintRecipe.h"
#include "compiler/tools/StepOfRecipe.h"
#include "runtime/Say.h"
#include "runtime/data/AtomicFile.h"
#include "runtime/data/view/PlanText.h"

#include <algorithm>
#include <fmt/format.h>
#include <sstream>

namespace roux {

static constexpr const char *listName = "stages.txt";

StageDump::StageDump(std::filesystem::path given) : folder(std::move(given)) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed)
    throw data::FileError(fmt::format("{}: cannot be made: {}", folder.string(), failed.message()));
  std::filesystem::path trial = folder / ".trial";
  data::writeWhole(trial, "");
  std::filesystem::remove(trial, failed);
}

/// "llvm/loss.ll" as "06-llvm/loss.ll": files of one folder share its number.
static std::string numbered(const std::string &name, std::string &stage, int &number) {
  std::string own = name.substr(0, name.find_first_of("/."));
  number += own != stage;
  stage = own;
  return fmt::format("{:02}-{}", number, name);
}

void StageDump::write(const std::string &name, const std::vector<StageFile> &files) const {
  std::filesystem::path target = folder / name, unfinished = folder / ("." + name + ".unfinished");
  if (std::filesystem::exists(target) && !std::filesystem::exists(target / listName))
    throw data::FileError(
        fmt::format("{}: is there and is no dump; expected a name that is free", target.string()));
  std::filesystem::remove_all(unfinished);
  std::string stage, list;
  int number = -1;
  for (const StageFile &file : files) {
    std::string path = numbered(file.name, stage, number);
    std::filesystem::create_directories((unfinished / path).parent_path());
    data::writeWhole(unfinished / path, file.text);
    list += path + "\n";
  }
  data::writeWhole(unfinished / listName, list);
  std::filesystem::remove_all(target);
  std::filesystem::rename(unfinished, target);
  say(stdout, "dump: {}, {} files\n", target.string(), files.size());
}

std::optional<std::vector<StageFile>>
stagesOfTrain(const SourceManager &sources, const CheckedRecipe &recipe,
              const CheckedDefinition &train, const FittedStep &step, const TrainingData *data) {
  std::vector<StageFile> files = {{"recipe.mlir", printRecipe(sources, recipe)},
                                  {"loss.txt", describeObjective(sources, train)}};
  if (data) {
    std::ostringstream plan;
    data::printPlan(plan, data->plan, data->store);
    files.push_back({"plan.txt", std::move(plan).str()});
  }
  std::optional<std::vector<StageFile>> compiled = printStages(step.source);
  if (!compiled)
    return std::nullopt;
  // Behind the kernels' table: what comes later is as long as there are kernels.
  auto table = std::ranges::find(*compiled, "table.txt", &StageFile::name);
  compiled->insert(table + 1, {"memory.txt", step.text()});
  std::ranges::move(*compiled, std::back_inserter(files));
  return files;
}

std::optional<std::vector<StageFile>>
stagesOfEval(const SourceManager &sources, const CheckedRecipe &recipe, const StepSource &source) {
  std::optional<std::vector<StageFile>> files = printStages(source);
  if (files)
    files->insert(files->begin(), {"recipe.mlir", printRecipe(sources, recipe)});
  return files;
}

void dumpProgram(const SourceManager &sources, const CheckedRecipe &recipe,
                 const CheckedDefinition &definition, DataBuilder &builder,
                 const std::optional<EditedStage> &edited, const StageDump &dump) {
  std::optional<std::vector<StageFile>> files;
  if (definition.kind == ast::Kind::Train) {
    TrainingData data = builder.build(definition);
    StepSource source = stepOf(sources, recipe, definition, data.model.config);
    source.edited = edited;
    files = stagesOfTrain(sources, recipe, definition,
                          fitStep(recipe, definition, std::move(source), &data.plan), &data);
  } else {
    files = stagesOfEval(
        sources, recipe,
        evaluationOf(sources, recipe, definition, builder.modelOf(definition["model"]).config));
  }
  if (!files)
    throw std::runtime_error(fmt::format("{} could not be compiled", definition.name));
  dump.write(definition.name, *files);
}

} // namespace roux
