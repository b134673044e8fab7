//===- roux.cpp - the program a person types ------------------------------===//
//
// A table of verbs. Nothing here may load MLIR: `roux check` has to be quicker
// than the eye.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Diagnostic.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/Verbs.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux {

static constexpr Verb table[] = {
    {"chat", "talk to a trained model", runCompiler},
    {"check", "say what is wrong with a recipe, or what it will do", runCheck},
    {"completion", "write what makes bash, zsh or fish complete these words", runCompletion},
    {"diff", "say what differs in meaning between two recipes or two runs", runCompiler},
    {"eval", "measure what a recipe's evals say, without training", runCompiler},
    {"explain", "say more about a kind of mistake", runExplain},
    {"fmt", "lay out recipes in the one way", runFormat},
    {"import", "make a recipe of a config of axolotl, LLaMA-Factory or TRL", runImport},
    {"inspect", "look at any stage of a recipe", runInspect},
    {"lsp", "answer an editor about recipes", runLanguage},
    {"manual", "write the manual page", runManual},
    {"preview", "show a step as tokens: target, weight, position, segment", runPreview},
    {"run", "build a recipe's trains and evals", runCompiler},
    {"runs", "list a recipe's runs and in what they differ", runRuns},
    {"score", "what a model makes of texts, token by token", runCompiler},
    {"tokenize", "write the ids of texts", runTokenize},
};

std::span<const Verb> verbs() {
  return table;
}

static int help() {
  fmt::print("roux: trains what a recipe says\n\nusage: roux VERB …\n\n");
  for (const Verb &verb : table)
    fmt::print("  {:<10} {}\n", verb.name, verb.summary);
  fmt::print("\n'roux VERB --help' says more; 'roux --version' prints the version\n");
  return 0;
}

static int runVerb(int argc, char **argv) {
  std::string_view name = argv[1];
  if (name == "--version" || name == "version") {
    fmt::print("roux {}\n", ROUX_VERSION);
    return 0;
  }
  if (name == "--help" || name == "-h" || name == "help")
    return help();
  std::vector<std::string_view> names;
  for (const Verb &verb : table) {
    if (verb.name == name)
      return verb.run(argc - 1, argv + 1);
    names.push_back(verb.name);
  }
  return refuse(
      fmt::format("unknown verb '{}'{}; see 'roux --help'", name, didYouMean(name, names)));
}

} // namespace roux

int main(int argc, char **argv) {
  return roux::withStreams(roux::Output::Result, [&] {
    if (argc >= 2)
      return roux::guarded([&] { return roux::runVerb(argc, argv); });
    roux::help();
    return 1;
  });
}
