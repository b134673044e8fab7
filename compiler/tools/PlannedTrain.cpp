//===- PlannedTrain.cpp - a recipe's trains with their data ---------------===//
//
// What is built here stays under runs/, where the training finds it.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/PlannedTrain.h"

#include "compiler/plan/RefusedRecipe.h"
#include "compiler/tools/CommandLine.h"
#include "runtime/data/view/DataSummary.h"

#include <fmt/format.h>

namespace roux {

static std::filesystem::path dataFolder(const std::string &path) {
  return outputFolder(path) / "data";
}

/// To stderr, as it begins: a large corpus is minutes of work.
static void announce(const std::string &what) {
  fmt::print(stderr, "{}\n", what);
}

int withPlannedTrain(
    const std::string &path, const std::string &target, const CheckOptions &options,
    const std::function<void(const CheckedDefinition &, const TrainingData &)> &show) {
  SourceManager sources;
  std::optional<uint32_t> file = openRecipe(sources, path);
  if (!file)
    return 1;
  Diagnostics diagnostics(sources);
  std::optional<CheckedRecipe> recipe = check(sources, *file, diagnostics, options);
  if (int status = printFound(diagnostics); status || !recipe)
    return status;
  const CheckedDefinition &train = trainNamed(*recipe, target);
  DataBuilder builder(sources, *recipe, dataFolder(path));
  builder.announce(announce);
  show(train, builder.build(train));
  return 0;
}

std::string dataSummaries(const SourceManager &sources, const CheckedRecipe &recipe,
                          const std::string &path) {
  DataBuilder builder(sources, recipe, dataFolder(path));
  builder.announce(announce);
  std::string out;
  for (const CheckedDefinition &train : recipe.definitions) {
    if (train.kind != ast::Kind::Train || !train.inMainFile)
      continue;
    out += fmt::format("\ntrain {}\n", train.name);
    try {
      TrainingData data = builder.build(train);
      out += summarize(data.plan, data.store, train["weight"].expression).text();
      for (const std::string &note : data.model.notes)
        out += fmt::format("note: {}\n", note);
    } catch (const RefusedRecipe &refused) {
      out += fmt::format("not planned: {}\n", refused.what());
    }
  }
  return out;
}

} // namespace roux
