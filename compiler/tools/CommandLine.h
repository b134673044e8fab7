//===- CommandLine.h - what all verbs do with their arguments -------------===//
//
// A wrong command line gets one line that says what is wrong, in the form of
// every other error, and exit status 1.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/tools/RecipeFile.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace roux {

/// Parses the arguments into what `app` was told to fill. The exit status when there is nothing
/// left to do: 0 after --help, 1 after a mistake.
std::optional<int> parseArguments(CLI::App &app, int argc, char **argv);

/// Prints "error: …" to stderr and returns 1.
int refuse(std::string_view message);

/// Runs `body` and says what is thrown as printFound() says mistakes: a refused recipe at its line,
/// all else (a bad file, no memory) at the file and line that it names.
int guarded(const std::function<int()> &body, DiagnosticForm form = DiagnosticForm::Text);

/// Adds --diagnostics.
void addDiagnostics(CLI::App &app, DiagnosticForm &form);

/// What a verb writes to stdout: its result, or words about files in which its result is.
enum class Output : uint8_t { Result, Words };

/// Runs a whole process: `body` between streams that are all open and an output that is all
/// written. The exit status of `body`, or 1 after saying that output was lost. Words may be lost to
/// a reader that left.
int withStreams(Output output, const std::function<int()> &body);

} // namespace roux
