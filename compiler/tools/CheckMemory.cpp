//===- CheckMemory.cpp - the memory figures of `roux check` ---------------===//
//
// The end of a check that found no mistake: what a step of each train needs, and
// whether `roux run` would refuse it, or an eval for what it is to measure.
//
//===----------------------------------------------------------------------===//
#include "compiler/plan/RefusedRecipe.h"
#include "compiler/tools/CheckArguments.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/EvalTasks.h"
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
    tellUnknown(train, request, missing.withRemedy());
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

/// False where what `eval` measures would be refused by a run, having said so.
static bool tellEval(const SourceManager &sources, const CheckedRecipe &recipe,
                     const CheckedDefinition &eval, const CheckRequest &request,
                     DataBuilder &builder) {
  try {
    tasksOf(sources, recipe, eval, builder);
  } catch (const ToBeMade &later) {
    if (request.form == DiagnosticForm::Text)
      fmt::print("\neval {} is not looked at further: {}\n", eval.name, later.what());
  } catch (const RefusedRecipe &refused) {
    return tellRefused(refused, request);
  }
  return true;
}

static bool tellDefinition(const SourceManager &sources, const CheckedRecipe &recipe,
                           const CheckedDefinition &definition, const CheckRequest &request,
                           DataBuilder &builder) {
  if (!definition.inMainFile)
    return true;
  if (definition.kind == ast::Kind::Eval)
    return request.config.empty() ? tellEval(sources, recipe, definition, request, builder) : true;
  if (definition.kind != ast::Kind::Train)
    return true;
  if (request.form == DiagnosticForm::Text)
    fmt::print("\nmemory of train {}\n", definition.name);
  return tellMemory(sources, recipe, definition, request, builder);
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
        builder.announce([](const std::string &what) { fmt::print(stderr, "{}\n", what); });
        int status = 0;
        for (const CheckedDefinition &definition : recipe->definitions)
          if (!tellDefinition(sources, *recipe, definition, request, builder))
            status = 1;
        return status;
      },
      request.form);
}

} // namespace roux
