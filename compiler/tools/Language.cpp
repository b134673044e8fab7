//===- Language.cpp - `roux lsp` -------------------------------------------===//
//
// Started by an editor, which talks to it over stdin and stdout.
//
//===----------------------------------------------------------------------===//
#include "compiler/language/LanguageServer.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/Verbs.h"

namespace roux {

int runLanguage(int argc, char **argv) {
  CLI::App app("answer an editor about recipes, over stdin and stdout", "roux lsp");
  bool overStdio = false; // what editors write, though there is no other way
  app.add_flag("--stdio", overStdio, "talk over stdin and stdout, as always");
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  return guarded([] { return language::serve(stdin, stdout, ROUX_VERSION); });
}

} // namespace roux
