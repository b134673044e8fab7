//===- CheckArguments.h - what `roux check` was asked for -----------------===//
//
// `roux` says what is wrong and what the data are; roux-compiler, which it becomes
// then, how much memory a step needs. Both read the same command line.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Check.h"
#include "compiler/tools/RecipeFile.h"

namespace roux {

struct CheckRequest {
  std::string path;
  std::string config; ///< of a model whose weights are not here; empty: none
  CheckOptions options;
  DiagnosticForm form = DiagnosticForm::Text;
  bool asJson = false; ///< all of it as JSON, an object a line
};

/// Reads the arguments into `request`. The exit status when there is nothing left to do: 0 after
/// --help, 1 after a mistake.
std::optional<int> readCheck(int argc, char **argv, CheckRequest &request);

} // namespace roux
