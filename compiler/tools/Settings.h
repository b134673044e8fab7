//===- Settings.h - `--set name=value` ------------------------------------===//
//
// Parameters are given on the command line to every verb that reads a recipe.
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

} // namespace roux
