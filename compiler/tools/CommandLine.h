//===- CommandLine.h - what all verbs do with their arguments -------------===//
//
// A wrong command line gets one line that says what is wrong, in the form of
// every other error, and exit status 1.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <CLI/CLI.hpp>

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

/// Runs `body` and turns the exceptions of runtime/ (a bad file, no memory) into refuse().
int guarded(const std::function<int()> &body);

} // namespace roux
