//===- RecipeProgram.cpp - a model of a recipe, compiled ------------------===//
//
// Trains, evals and whoever asks a model get their programs here, with the threads
// that `run` says and the kernels that other runs have left.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/RecipeProgram.h"

#include "compiler/tools/CompilerVerbs.h"
#include "compiler/tools/RecipeDevice.h"
#include "compiler/tools/StepOfRecipe.h"

#include <algorithm>
#include <stdexcept>
#include <thread>

namespace roux {

unsigned threadsOf(const CheckedRecipe &recipe) {
  const CheckedValue &threads = recipe.run()["threads"];
  if (threads.kind == ValueKind::Number)
    return static_cast<unsigned>(std::clamp(threads.number, 1.0, 1024.0));
  return std::max(1u, std::thread::hardware_concurrency());
}

std::unique_ptr<train::ModelProgram> programFor(const SourceManager &sources,
                                                const CheckedRecipe &recipe,
                                                const CheckedDefinition *train,
                                                const model::ModelConfig &config) {
  return programFor(recipe, train ? stepOf(sources, recipe, *train, config)
                                  : evaluationOf(sources, recipe, config));
}

std::unique_ptr<train::ModelProgram> programFor(const CheckedRecipe &recipe,
                                                const StepSource &source) {
  std::optional<Program> program = compileStep(source, kernelCacheFolder());
  if (!program)
    throw std::runtime_error("the model could not be compiled");
  return std::make_unique<train::ModelProgram>(std::move(*program), source.config,
                                               deviceOf(recipe));
}

} // namespace roux
