//===- Source.h - the text of a recipe and places in it -------------------===//
//
// Every value of a recipe keeps the place it was written at, from the lexer to
// a kernel's name in an error message. A place is a byte range of one file;
// lines and columns are worked out only when somebody has to be told.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace roux {

/// Half-open byte range [begin, end) of one file of a SourceManager.
struct SourceRange {
  uint32_t file = 0;
  uint32_t begin = 0;
  uint32_t end = 0;

  /// From the start of `this` to the end of `last`, which is in the same file.
  SourceRange to(SourceRange last) const { return {file, begin, last.end}; }
};

/// Line and column, both from 1. Columns count Unicode code points, as editors do.
struct LineColumn {
  uint32_t line = 1;
  uint32_t column = 1;
};

/// Owns the text of the main recipe and of every file it uses.
class SourceManager {
public:
  /// Adds `text`, shown to the user under the name `path`; returns its file number.
  uint32_t add(std::string path, std::string text);

  std::string_view path(uint32_t file) const { return files[file].path; }
  std::string_view text(uint32_t file) const { return files[file].text; }
  std::string_view text(SourceRange range) const {
    return text(range.file).substr(range.begin, range.end - range.begin);
  }
  LineColumn locate(uint32_t file, uint32_t offset) const;
  /// The whole line that holds `offset`, without its line ending.
  std::string_view line(uint32_t file, uint32_t offset) const;
  uint32_t size() const { return static_cast<uint32_t>(files.size()); }

private:
  struct File {
    std::string path;
    std::string text;
    std::vector<uint32_t> lineStarts;
  };
  std::deque<File> files; // views into a file's text outlive later additions
};

} // namespace roux
