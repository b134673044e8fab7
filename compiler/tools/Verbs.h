//===- Verbs.h - what `roux` can be told to do ----------------------------===//
//
// One verb, one file, one row in the table of roux.cpp. A verb that needs MLIR
// is a row too, but its work is done by the program roux-compiler, so that the
// other verbs start without loading a hundred megabytes of libraries.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <span>
#include <string_view>

namespace roux {

/// A verb's own program: `argv[0]` is the verb, the result is the exit status (0 done, 1 refused).
using VerbFunction = int (*)(int argc, char **argv);

struct Verb {
  std::string_view name;
  std::string_view summary; ///< one line for --help
  VerbFunction run;
};
/// All of them, by name: what --help lists, shells complete and the manual describes.
std::span<const Verb> verbs();

int runCheck(int argc, char **argv);
int runCompletion(int argc, char **argv);
int runExplain(int argc, char **argv);
int runFormat(int argc, char **argv);
int runImport(int argc, char **argv);
int runInspect(int argc, char **argv);
int runLanguage(int argc, char **argv);
int runManual(int argc, char **argv);
int runPreview(int argc, char **argv);
int runRuns(int argc, char **argv);
int runTokenize(int argc, char **argv);

/// Becomes roux-compiler, which stands beside `roux`, with these arguments. Returns only when it
/// cannot be started, having said so.
int runCompiler(int argc, char **argv);

} // namespace roux
