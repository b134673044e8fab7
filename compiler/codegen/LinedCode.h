//===- LinedCode.h - code beside the lines that it came from ---------------===//
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace roux {

/// A line of a recipe. Without a file: nobody knows which.
struct RecipeLine {
  std::string file = {};
  unsigned line = 0;

  auto operator<=>(const RecipeLine &) const = default;
};

/// Whole lines of code, one after the other, that came from the same line of a recipe.
struct CodePiece {
  RecipeLine from;
  std::string text;
  unsigned instructions = 0;
};

/// In the order in which it runs; neighbours came from different lines.
using LinedCode = std::vector<CodePiece>;

/// Adds a line of code; `count`: of instructions in it.
inline void addLine(LinedCode &code, const RecipeLine &from, std::string_view text,
                    unsigned count) {
  if (code.empty() || code.back().from != from)
    code.push_back({from, {}, 0});
  code.back().text.append(text).append("\n");
  code.back().instructions += count;
}

} // namespace roux
