//===- InspectOptions.h - what `roux inspect` was asked for ---------------===//
//
// Both programs read the same command line: `roux`, which answers for the stages of
// the front end, and roux-compiler, which answers for the others.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Check.h"
#include "compiler/pipeline/CompileStep.h"

#include <CLI/CLI.hpp>

namespace roux {

struct InspectRequest {
  std::string path, target, config;
  StageText text; ///< its stage is one of Stages.h; empty: only a dump or a page was asked for
  std::string dumpFolder; ///< empty: none
  std::string page;       ///< a file for the kernels beside the recipe; empty: none
  bool measures = false;  ///< kernels are timed
  std::optional<EditedStage> edited;
  CheckOptions check;
};

/// Reads the arguments into `request`. The exit status when there is nothing left to do: 0 after
/// --help, 1 after a mistake: an unknown stage, or an option that the stage does not read.
std::optional<int> readInspect(int argc, char **argv, InspectRequest &request);

/// Lets `app` take `--from STAGE=FILE`.
void addEdited(CLI::App &app, std::string &from);

/// Reads the file; none where `from` is empty. Throws std::runtime_error when it is no
/// `step|grad|kernel=FILE`, or the file cannot be read.
std::optional<EditedStage> readEdited(const std::string &from);

} // namespace roux
