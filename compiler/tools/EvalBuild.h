//===- EvalBuild.h - the measurements of a recipe -------------------------===//
//
// An eval's tasks, measured on models that are built first.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/tools/TrainBuild.h"

namespace roux {

/// Measures every task of `eval` and prints a table a task. Throws RefusedRecipe for a task that
/// this build does not run.
void runEval(const SourceManager &sources, const CheckedRecipe &recipe,
             const CheckedDefinition &eval, TrainBuilder &trains);

} // namespace roux
