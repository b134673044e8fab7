//===- FormatLines.h - a recipe as lines of pieces ------------------------===//
//
// The formatter's view of a file: tokens and comments in the lines the author
// gave them, and what each line begins.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Lexer.h"

#include <vector>

namespace roux {

struct FormatPiece {
  TokenKind kind = TokenKind::End;
  bool comment = false;
  std::string_view text;
  uint32_t begin = 0;
};

/// What the first piece of a line begins.
enum class LineStart : uint8_t {
  Continuation, ///< nothing: the entry of an earlier line goes on
  Key,          ///< `key: value`
  Let,          ///< `let name = value`
  Definition,   ///< `kind name = value`
  Other,        ///< use, seed, run, a definition without `=`
  Closer,       ///< the bracket that ends a block, a call or a list
  Comment,      ///< a comment on its own line
};

struct FormatLine {
  std::vector<FormatPiece> pieces;
  LineStart start = LineStart::Continuation;
  bool blankBefore = false;
  bool continues = false; ///< laid out as a continuation, comments inside one too
  uint32_t bracket = 0;   ///< which bracket of the file it stands in; 0 is none
  uint32_t label = 0;     ///< pieces before the column that lines of a group share
  uint32_t pad = 0;       ///< spaces that bring it there
};

/// The lines of `file`, with separators that say nothing left out and columns settled.
std::vector<FormatLine> formatLines(const SourceManager &sources, const ast::File &file);

} // namespace roux
