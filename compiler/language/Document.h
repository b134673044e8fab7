//===- Document.h - a recipe that is open in an editor ---------------------===//
//
// Its text is the editor's, not the disk's. What the checker makes of it is found once
// a change and asked many times.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Check.h"
#include "compiler/frontend/Parser.h"

#include <map>
#include <memory>

namespace roux::language {

/// A place as editors count it: lines from 0, columns in UTF-16.
struct Position {
  uint32_t line = 0, character = 0;
};

Position positionAt(std::string_view text, size_t offset);
/// The nearest offset that there is.
size_t offsetAt(std::string_view text, Position position);

/// The file of a "file:" address; other addresses stand for themselves.
std::string pathOf(std::string_view uri);
std::string uriOf(std::string_view path);

/// Texts of open files by path; a recipe that uses one sees what is on the screen.
using OpenTexts = std::map<std::string, std::string>;

/// One look at a text. Its parts refer to each other, so it stays where it is.
struct Document {
  Document(const std::string &path, const OpenTexts &open);
  Document(const Document &) = delete;
  Document &operator=(const Document &) = delete;

  std::string_view text() const { return sources.text(file); }

  SourceManager sources;
  Diagnostics diagnostics{sources};
  uint32_t file;
  std::unique_ptr<ast::File> tree;     ///< of this file
  std::optional<CheckedRecipe> recipe; ///< none where there are mistakes
};

} // namespace roux::language
