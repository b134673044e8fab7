//===- Check.h - from parsed text to a checked recipe ---------------------===//
//
// The one entry into the meaning of a recipe: it follows `use`, resolves names,
// checks types, units and scopes, and reports every independent mistake.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/CheckedRecipe.h"
#include "compiler/frontend/Diagnostic.h"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace roux {

/// Reads a file that a recipe uses; nothing when it cannot be read.
using FileReader = std::function<std::optional<std::string>(const std::string &path)>;
/// Reads from the disk.
std::optional<std::string> readFile(const std::string &path);

struct CheckOptions {
  std::vector<std::pair<std::string, std::string>> set = {}; ///< --set name=value, in order
  /// Keys of `run` given on the command line, with the text of their values. They stand instead of
  /// the recipe's.
  std::vector<std::pair<std::string, std::string>> run = {};
  bool files = false; ///< also ask whether data and models exist
  FileReader read = readFile;
};

/// Parses file `mainFile` of `sources` and every file it uses, and checks them together. Returns
/// nothing when there are errors; they are in `diagnostics`, as are warnings.
std::optional<CheckedRecipe> check(SourceManager &sources, uint32_t mainFile,
                                   Diagnostics &diagnostics, const CheckOptions &options = {});

/// What `roux check --no-files` says about a recipe without mistakes: one line a definition that
/// trains or measures, then what is checked only.
std::string summary(const SourceManager &sources, const CheckedRecipe &recipe);

} // namespace roux
