//===- Parsed.h - a recipe read from a string, for the front end's tests --===//
//
// Every test of the syntax asks one of two things of a piece of text: which tree
// it is, or what is wrong with it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/ASTPrinter.h"
#include "compiler/frontend/Formatter.h"
#include "compiler/frontend/Parser.h"

#include <sstream>
#include <string>

namespace roux {

struct Parsed {
  explicit Parsed(std::string text) : diagnostics(sources) {
    sources.add("test.recipe", std::move(text));
    tree = parse(sources, 0, diagnostics);
  }

  std::string print() const { return printAST(*tree, nullptr); }
  /// "line:column: message", one a line, in the order of the text and without its kind.
  std::string errors() const {
    std::string out;
    std::istringstream lines(diagnostics.text());
    for (std::string line; std::getline(lines, line);)
      if (size_t at = line.find(": error: "); at != std::string::npos)
        out +=
            line.substr(12, at - 12) + ": " + line.substr(at + 9, line.rfind(" [") - at - 9) + "\n";
    return out;
  }

  SourceManager sources;
  Diagnostics diagnostics;
  std::unique_ptr<ast::File> tree;
};

/// The indented print of a tree as one line with brackets: (binary + (number 1) (number 2)).
inline std::string onOneLine(const std::string &print) {
  std::string out;
  size_t depth = 0;
  std::istringstream lines(print);
  for (std::string line; std::getline(lines, line);) {
    size_t indent = line.find_first_not_of(' ') / 2;
    bool first = out.empty();
    for (; depth > indent; --depth)
      out += ')';
    out += (first ? "(" : " (") + line.substr(indent * 2);
    depth = indent + 1;
  }
  return out + std::string(depth, ')');
}

} // namespace roux
