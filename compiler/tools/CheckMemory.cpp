//===- CheckMemory.cpp - the memory figures of `roux check` ---------------===//
//
// The end of a check that found no mistake: what a step of each train needs, and
// whether `roux run` would refuse it.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/tools/CheckArguments.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/RecipeDevice.h"
#include "compiler/tools/StepMemory.h"
#include "compiler/tools/StepOfRecipe.h"

#include <fmt/format.h>

namespace roux {

static FittedStep stepFor(const SourceManager &sources, const CheckedRecipe &recipe,
                          const CheckedDefinition &train, const CheckRequest &request,
                          DataBuilder &builder) {
  std::optional<TrainingData> data;
  if (request.config.empty())
    data.emplace(builder.build(train));
  model::ModelConfig config = data ? data->model.config : model::readConfig(request.config);
  return fitStep(recipe, train, stepOf(sources, recipe, train, config),
                 data ? &data->plan : nullptr);
}

static void tellUnknown(const CheckedDefinition &train, const CheckRequest &request,
                        const std::string &why) {
  if (request.asJson)
    fmt::print(R"({{"train": {}, "memory_not_known": {}}}{})", jsonString(train.name),
               jsonString(why), "\n");
  else if (request.form == DiagnosticForm::Text)
    fmt::print("not known: {}\n", why);
}

/// False, having said what a run would refuse.
static bool tellRefused(const RefusedRecipe &refused, const CheckRequest &request) {
  bool isText = request.form == DiagnosticForm::Text;
  fmt::print(isText ? stderr : stdout, "{}", isText ? refused.diagnostic : refused.json);
  return false;
}

/// False where a run would be refused, having said so.
static bool tellMemory(const SourceManager &sources, const CheckedRecipe &recipe,
                       const CheckedDefinition &train, const CheckRequest &request,
                       DataBuilder &builder) {
  std::optional<FittedStep> step;
  try {
    step = stepFor(sources, recipe, train, request, builder);
  } catch (const ToBeMade &later) {
    tellUnknown(train, request, later.what());
    return true;
  } catch (const RefusedRecipe &refused) {
    return tellRefused(refused, request);
  } catch (const NoDevice &missing) {
    tellUnknown(train, request,
                fmt::format("{}; --memory says how much there will be", missing.what()));
    return true;
  }
  if (request.asJson)
    fmt::print(R"({{"train": {}, "memory": {}}}{})", jsonString(train.name), step->json(), "\n");
  else if (request.form == DiagnosticForm::Text)
    fmt::print("{}", step->text());
  std::fflush(stdout);
  try {
    refuseUnfit(sources, recipe, train, *step);
  } catch (const RefusedRecipe &refused) {
    return tellRefused(refused, request);
  }
  return true;
}

int runCheckMemory(int argc, char **argv) {
  CheckRequest request;
  if (std::optional<int> done = readCheck(argc, argv, request))
    return *done;
  return guarded(
      [&] {
        SourceManager sources;
        std::optional<uint32_t> file = openRecipe(sources, request.path);
        if (!file)
          return 1;
        Diagnostics diagnostics(sources); // they have been printed
        std::optional<CheckedRecipe> recipe = check(sources, *file, diagnostics, request.options);
        if (!recipe)
          return 1;
        DataBuilder builder(sources, *recipe, readingFolder(request.path));
        int status = 0;
        for (const CheckedDefinition &train : recipe->definitions) {
          if (train.kind != ast::Kind::Train || !train.inMainFile)
            continue;
          if (request.form == DiagnosticForm::Text)
            fmt::print("\nmemory of train {}\n", train.name);
          if (!tellMemory(sources, *recipe, train, request, builder))
            status = 1;
        }
        return status;
      },
      request.form);
}

} // namespace roux
