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
  using roux::Output;
  struct Verb {
    std::string_view name;
    int (*run)(int, char **);
    Output output = Output::Result;
  };
  static constexpr Verb verbs[] = {
      {"chat", roux::runChat},         {"check", roux::runCheckMemory},
      {"diff", roux::runDiff},         {"eval", roux::runEval, Output::Words},
      {"inspect", roux::runShowStage}, {"run", roux::runRun, Output::Words},
      {"score", roux::runScore}};
  for (const Verb &verb : verbs)
    if (argc > 0 && verb.name == argv[0])
      return roux::withStreams(verb.output,
                               [&] { return roux::guarded([&] { return verb.run(argc, argv); }); });
  return roux::refuse("roux-compiler is started by 'roux'; see 'roux --help'");
}
