//===- RefusedRecipe.h - a correct recipe that cannot be carried out ------===//
//
// Some mistakes show only when data and models are at hand. They still belong to
// a line of the recipe, so they are reported in the form of every other one.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Diagnostic.h"

#include <fmt/format.h>
#include <stdexcept>
#include <string_view>

namespace roux {

class RefusedRecipe : public std::runtime_error {
public:
  RefusedRecipe(const SourceManager &sources, SourceRange where, std::string_view message)
      : std::runtime_error(place(sources, where) + std::string(message)) {
    Diagnostics one(sources);
    one.error(Code::Refused, where, std::string(message));
    diagnostic = one.text();
    json = one.json();
  }

  std::string diagnostic; ///< as the checker's are: with the line and a caret
  std::string json;       ///< the same for `--diagnostics json`

private:
  static std::string place(const SourceManager &sources, SourceRange where) {
    LineColumn at = sources.locate(where.file, where.begin);
    return fmt::format("{}:{}:{}: ", sources.path(where.file), at.line, at.column);
  }
};

/// What is only not there yet: a run makes it first. No mistake of the recipe's.
struct ToBeMade : RefusedRecipe {
  using RefusedRecipe::RefusedRecipe;
};

} // namespace roux
