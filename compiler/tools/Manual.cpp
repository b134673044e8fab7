//===- Manual.cpp - `roux manual` ------------------------------------------===//
//
// roux(1), with the verbs of the one table. What each takes is said by its --help.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/Verbs.h"

#include <fmt/format.h>

namespace roux {

/// `text` with what troff would take for its own.
static std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text)
    out += c == '\\' ? std::string("\\e") : c == '-' ? std::string("\\-") : std::string(1, c);
  return out;
}

static std::string item(std::string_view name, std::string_view text) {
  return fmt::format(".TP\n.B {}\n{}\n", escaped(name), escaped(text));
}

int runManual(int argc, char **argv) {
  CLI::App app("write the manual page: roux manual | man -l -", "roux manual");
  if (std::optional<int> done = parseArguments(app, argc, argv))
    return *done;
  std::string page = fmt::format(
      ".TH ROUX 1 \"\" \"roux {}\" \"\"\n.SH NAME\nroux \\- trains what a recipe says\n"
      ".SH SYNOPSIS\n.B roux\n.I verb\n[\\fIarguments\\fR]\n.SH DESCRIPTION\n"
      "Compiles LLM training recipes to fused kernels and runs them. "
      "\\fBroux\\fR \\fIverb\\fR \\fB\\-\\-help\\fR says what a verb takes.\n.SH VERBS\n",
      escaped(ROUX_VERSION));
  for (const Verb &verb : verbs())
    page += item(verb.name, verb.summary);
  page += ".SH EXIT STATUS\n";
  page += item("0", "Done.");
  page += item("1", "Refused, failed, or stopped with its state saved; what to do is on stderr.");
  page += item("128 + n", "Ended by signal n: of a training, by the second one.");
  page += ".SH SIGNALS\nINT, TERM, HUP, USR1 and XCPU stop a training after its step and save it; "
          "the same command goes on from there.\n.SH ENVIRONMENT\n";
  page += item("XDG_CACHE_HOME", "Where compiled kernels are kept, below roux; else ~/.cache.");
  page +=
      item("ROUX_CACHE_SIZE", "What may stay there, as in 500MB; else 4GiB. What was used longest "
                              "ago is removed before something is kept.");
  page += item("CUDA_HOME", "Where the ptxas is, below bin, that assembles a GPU's code.");
  page += item("NO_COLOR", "If it is set and not empty, nothing is coloured.");
  page += ".SH FILES\n";
  page +=
      item("runs/RECIPE", "All that is made of RECIPE.recipe, in the folder it was started in.");
  fmt::print("{}", page);
  return 0;
}

} // namespace roux
