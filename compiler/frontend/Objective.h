//===- Objective.h - what a train minimises, as a formula -----------------===//
//
// Nobody should have to read a sampler, a collator, a trainer and a kernel to
// learn what a target weighs. `--emit=loss` prints it from the checked recipe.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"

#include <string>

namespace roux {

/// An expression in the recipe's own syntax, with no more parentheses than it needs.
std::string print(const Expression &expression);

/// The objective of one `train`; the formula is the second line.
std::string describeObjective(const SourceManager &sources, const CheckedDefinition &train);

/// The objective of every `train`: formula, the lines it comes from, the sum of a step's weights
/// where it is the same for any data, and what the formula is invariant to.
std::string describeObjectives(const SourceManager &sources, const CheckedRecipe &recipe);

} // namespace roux
