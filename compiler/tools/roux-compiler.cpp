//===- roux-compiler.cpp - the half of `roux` that needs MLIR -------------===//
//
// `roux` becomes this program for the verbs and stages that need MLIR, with the
// same arguments. Not meant to be typed, though nothing stops who does.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/CompilerVerbs.h"

#include <string_view>

int main(int argc, char **argv) {
  static constexpr std::pair<std::string_view, int (*)(int, char **)> verbs[] = {
      {"chat", roux::runChat},         {"eval", roux::runEval}, {"check", roux::runCheckMemory},
      {"inspect", roux::runShowStage}, {"run", roux::runRun},   {"score", roux::runScore},
  };
  for (const auto &[name, run] : verbs)
    if (name == argv[0])
      return run(argc, argv);
  return roux::refuse("roux-compiler is started by 'roux'; see 'roux --help'");
}
