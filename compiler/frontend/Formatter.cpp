//===- Formatter.cpp - one way to lay out a recipe ------------------------===//
//
// Writes the lines one below the other: how far each is indented, and whether a
// space stands between two pieces.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Formatter.h"
#include "compiler/frontend/FormatLines.h"
#include "compiler/frontend/TokenStream.h"
#include "compiler/frontend/Words.h"

namespace roux {

static constexpr size_t step = 2; ///< of indentation

namespace {
class Writer {
public:
  void line(const FormatLine &line);
  std::string out;

private:
  struct Level {
    TokenKind bracket = TokenKind::End; ///< End: the file
    size_t indent = 0;                  ///< of the line it was opened on
    size_t pipe = 0;                    ///< column of the entry's first '|', or 0
  };

  size_t indentOf(const FormatLine &line) const;
  void piece(const FormatPiece &piece);
  size_t column() const;

  std::vector<Level> levels{{}};
  size_t indent = 0; ///< of the current line
};
} // namespace

static bool isConnectiveWord(const FormatPiece &piece) {
  return piece.kind == TokenKind::Word && isConnective(piece.text);
}

/// True if `piece` ends a value, so that a sign behind it joins two.
static bool endsValue(const FormatPiece &piece) {
  switch (piece.kind) {
  case TokenKind::Word:
    return !isConnective(piece.text);
  case TokenKind::Number:
  case TokenKind::Text:
  case TokenKind::RightParen:
  case TokenKind::RightBracket:
  case TokenKind::RightBrace:
    return true;
  default:
    return false;
  }
}

/// Whether a space stands between `left` and `right`; `before` is what precedes `left`.
static bool spaced(const FormatPiece *before, const FormatPiece &left, const FormatPiece &right) {
  switch (right.kind) {
  case TokenKind::Comma:
  case TokenKind::Colon:
  case TokenKind::Dot:
  case TokenKind::DotDot:
  case TokenKind::RightParen:
  case TokenKind::RightBracket:
    return false;
  case TokenKind::LeftParen:
    if (left.kind == TokenKind::Word && !isConnectiveWord(left))
      return false;
    break;
  case TokenKind::RightBrace:
    return left.kind != TokenKind::LeftBrace;
  default:
    break;
  }
  switch (left.kind) {
  case TokenKind::LeftParen:
  case TokenKind::LeftBracket:
  case TokenKind::Dot:
  case TokenKind::DotDot:
    return false;
  case TokenKind::Minus:
    return before && endsValue(*before); // a sign touches what it negates
  default:
    return true;
  }
}

size_t Writer::column() const {
  size_t start = out.rfind('\n') + 1; // npos + 1 is 0: the first line
  size_t width = 0;
  for (size_t i = start; i < out.size(); ++i)
    width += (out[i] & 0xC0) != 0x80;
  return width;
}

size_t Writer::indentOf(const FormatLine &line) const {
  const Level &level = levels.back();
  if (line.start == LineStart::Closer)
    return level.indent;
  size_t base = levels.size() == 1 ? 0 : level.indent + step;
  if (!line.continues)
    return base;
  const FormatPiece &first = line.pieces.front();
  bool pipe = first.kind == TokenKind::Pipe || first.comment;
  return pipe && level.pipe ? level.pipe : base + 2 * step;
}

void Writer::piece(const FormatPiece &piece) {
  if (piece.kind == TokenKind::Pipe && !levels.back().pipe)
    levels.back().pipe = column();
  if (isOpening(piece.kind))
    levels.push_back({piece.kind, indent, 0});
  else if (isClosing(piece.kind))
    levels.pop_back();
  out += piece.text;
}

void Writer::line(const FormatLine &line) {
  if (line.blankBefore)
    out += '\n';
  indent = indentOf(line);
  bool begins = line.start != LineStart::Continuation && line.start != LineStart::Comment &&
                line.start != LineStart::Closer;
  if (begins)
    levels.back().pipe = 0;
  out.append(indent, ' ');
  const FormatPiece *before = nullptr, *left = nullptr;
  for (size_t i = 0; i < line.pieces.size(); ++i) {
    const FormatPiece &right = line.pieces[i];
    if (left && right.comment)
      out += "  ";
    else if (left && spaced(before, *left, right))
      out += ' ';
    if (i == line.label)
      out.append(line.pad, ' ');
    if (left && left->kind == TokenKind::Comma && levels.back().bracket != TokenKind::LeftParen &&
        levels.back().bracket != TokenKind::LeftBracket)
      levels.back().pipe = 0; // the next entry of the line
    piece(right);
    before = left;
    left = &right;
  }
  out += '\n';
}

std::string format(const SourceManager &sources, const ast::File &file) {
  Writer writer;
  for (const FormatLine &line : formatLines(sources, file))
    writer.line(line);
  return std::move(writer.out);
}

} // namespace roux
