//===- StepOfRecipe.h - what a train's step is compiled from --------------===//
//
// The verbs that compile all begin with a recipe's train and the shape of its model,
// which the recipe may only name.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/pipeline/CompileStep.h"
#include "compiler/plan/TrainingData.h"

namespace roux {

/// `config` replaces the model's own shape, for models whose weights are not here. `recipe` must
/// outlive it. Throws RefusedRecipe for what is checked and not compiled.
StepSource stepOf(const SourceManager &sources, const CheckedRecipe &recipe,
                  const CheckedDefinition &train, const model::ModelConfig &config);

/// What the loss kernel of `train` computes from numbers that are known before the launch: its
/// weight, or of pairs of answers weight and loss.
WeightFormula formulaOf(const CheckedDefinition &train);

/// What measures a model of that shape, and lets it write, is compiled from.
StepSource evaluationOf(const SourceManager &sources, const CheckedRecipe &recipe,
                        const model::ModelConfig &config);

/// The same of what `eval` measures, with the places that the recipe says it at.
StepSource evaluationOf(const SourceManager &sources, const CheckedRecipe &recipe,
                        const CheckedDefinition &eval, const model::ModelConfig &config);

/// `run { dtype: … }`. Throws RefusedRecipe for tf32, which the CPU does not have.
StepType stepTypeOf(const SourceManager &sources, const CheckedRecipe &recipe);

} // namespace roux
