//===- Settings.h - `--set name=value` and the keys of `run` --------------===//
//
// Parameters are given on the command line to every verb that reads a recipe, and so
// is how it runs, in the words of its `run` block.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Check.h"

#include <CLI/CLI.hpp>

namespace roux {

/// Lets `app` take `--set name=value` any number of times.
void addSettings(CLI::App &app, std::vector<std::string> &set);

/// Splits them into `options.set`; false, having said so, if one is no `name=value`.
bool readSettings(const std::vector<std::string> &set, CheckOptions &options);

/// Lets `app` take each key of `run` as a flag, but those that it has a flag for, and puts what it
/// is given into `options.run`. The checker says what is wrong with a value.
void addRunKeys(CLI::App &app, CheckOptions &options);

/// The keys of `run` that say how a model computes which is given as files.
inline constexpr std::string_view modelKeys[] = {"dtype",   "device", "arch",
                                                 "threads", "fuse",   "deterministic"};
/// Lets `app` take those alone.
void addModelKeys(CLI::App &app, CheckOptions &options);

} // namespace roux
