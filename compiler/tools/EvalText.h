//===- EvalText.h - what an eval found, on a terminal ---------------------===//
//
// One small table a task.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"
#include "runtime/eval/EvalResult.h"

#include <string>

namespace roux {

/// Lines of at most about 80 columns for every task of `eval`, grouped as the recipe asks. What a
/// model wrote has no control characters left.
std::string evalText(const CheckedDefinition &eval, const eval::EvalResult &result);

} // namespace roux
