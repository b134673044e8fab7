//===- RecipeProgram.h - a model of a recipe, compiled --------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"
#include "compiler/pipeline/CompileStep.h"
#include "runtime/train/ModelProgram.h"

#include <memory>

namespace roux {

/// Threads that `run { threads: … }` asks for.
unsigned threadsOf(const CheckedRecipe &recipe);

/// A program for `config` with the loss and optimizer of `train`, or, without one, for evaluation:
/// losses, and what the model writes.
std::unique_ptr<train::ModelProgram> programFor(const SourceManager &sources,
                                                const CheckedRecipe &recipe,
                                                const CheckedDefinition *train,
                                                const model::ModelConfig &config);
std::unique_ptr<train::ModelProgram> programFor(const CheckedRecipe &recipe,
                                                const StepSource &source);

} // namespace roux
