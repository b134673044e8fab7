//===- EvalBuild.h - the measurements of a recipe -------------------------===//
//
// An eval's tasks, measured on models that are built first.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/tools/TrainBuild.h"
#include "runtime/eval/LossGroups.h"

namespace roux {

/// What a task gave.
struct Measurement {
  std::string eval, task;
  eval::LossGroups losses;
  bool byPosition = false;
};

/// Measures every task of `eval` and prints a table a task. Throws RefusedRecipe for a task that
/// this build does not run.
std::vector<Measurement> runEval(const SourceManager &sources, const CheckedRecipe &recipe,
                                 const CheckedDefinition &eval, TrainBuilder &trains);

} // namespace roux
