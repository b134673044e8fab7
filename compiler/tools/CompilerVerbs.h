//===- CompilerVerbs.h - the verbs of roux-compiler -----------------------===//
//
// Each compiles before it does anything else, so it lives in the program that
// links MLIR.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>

namespace roux {

int runChat(int argc, char **argv);
int runDiff(int argc, char **argv);
int runEval(int argc, char **argv);
/// What `roux` leaves of a check: the memory of a step.
int runCheckMemory(int argc, char **argv);
int runRun(int argc, char **argv);
int runScore(int argc, char **argv);
int runShowStage(int argc, char **argv);

/// Where compiled kernels are kept between runs: XDG_CACHE_HOME/roux, else ~/.cache/roux; empty
/// where there is no home.
std::string kernelCacheFolder();

} // namespace roux
