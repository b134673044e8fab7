//===- RunnableRecipe.h - a recipe that is to be carried out --------------===//
//
// `run` and `eval` work on recipes without mistakes and without constructs that are
// checked only; both are refused before any work.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Check.h"
#include "compiler/tools/RecipeFile.h"

#include <functional>

namespace roux {

using RecipeBody = std::function<int(const SourceManager &sources, const CheckedRecipe &recipe)>;

/// Opens and checks the recipe at `path`, with its files, and hands it to `body`. The exit status:
/// that of `body`, or 1 after saying what is wrong.
int withRunnable(const std::string &path, CheckOptions options, const RecipeBody &body,
                 DiagnosticForm form = DiagnosticForm::Text);

/// The same without its files, and with what is checked only: for what needs nothing of either.
int withChecked(const std::string &path, CheckOptions options, const RecipeBody &body,
                DiagnosticForm form = DiagnosticForm::Text);

/// The same of no recipe but what `options.run` says, in f32 unless that says otherwise: for models
/// that are given as files.
int withRunKeys(const CheckOptions &options, const RecipeBody &body);

} // namespace roux
