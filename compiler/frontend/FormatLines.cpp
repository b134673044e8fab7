//===- FormatLines.cpp - a recipe as lines of pieces ----------------------===//
//
// Works on tokens rather than on the tree, because comments and the author's
// line breaks are not in the tree; asks the tree only where definitions begin.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/FormatLines.h"
#include "compiler/frontend/TokenStream.h"

#include <algorithm>
#include <map>
#include <set>

namespace roux {

namespace {
struct Bracket {
  TokenKind kind;
  uint32_t number;
};

class LineMaker {
public:
  LineMaker(const SourceManager &sources, const ast::File &file);
  std::vector<FormatLine> lines();

private:
  void readPieces(const SourceManager &sources, const ast::File &file);
  bool isSeparatorOnly(size_t i) const;
  void startLine(size_t i);
  LineStart startOf(size_t i) const;
  void finishLine();
  bool inLines() const { return open.empty() || open.back().kind == TokenKind::LeftBrace; }
  /// The next piece that is no comment.
  size_t after(size_t i) const;

  std::vector<FormatPiece> pieces;
  std::vector<uint32_t> newlines; ///< before each piece
  std::set<uint32_t> definitions, statements;
  std::vector<Bracket> open;
  uint32_t brackets = 0;
  std::vector<FormatLine> made;
};
} // namespace

LineMaker::LineMaker(const SourceManager &sources, const ast::File &file) {
  for (const ast::Definition &definition : file.definitions)
    (definition.value ? definitions : statements).insert(definition.kindRange.begin);
  for (const ast::Use &use : file.uses)
    statements.insert(use.range.begin);
  for (const ast::Seed &seed : file.seeds)
    statements.insert(seed.range.begin);
  readPieces(sources, file);
}

void LineMaker::readPieces(const SourceManager &sources, const ast::File &file) {
  std::vector<ast::Comment> comments;
  Diagnostics ignored(sources); // the file was parsed without errors
  Lexer lexer(sources, file.file, comments, ignored);
  for (Token token = lexer.next(); token.kind != TokenKind::End; token = lexer.next())
    pieces.push_back({token.kind, false, sources.text(token.range), token.range.begin});
  for (const ast::Comment &comment : comments)
    pieces.push_back({TokenKind::End, true, sources.text(comment.range), comment.range.begin});
  std::sort(pieces.begin(), pieces.end(),
            [](const FormatPiece &a, const FormatPiece &b) { return a.begin < b.begin; });
  std::string_view text = sources.text(file.file);
  size_t from = 0;
  for (const FormatPiece &piece : pieces) {
    std::string_view between = text.substr(from, piece.begin - from);
    newlines.push_back(static_cast<uint32_t>(std::count(between.begin(), between.end(), '\n')));
    from = piece.begin + piece.text.size();
  }
}

size_t LineMaker::after(size_t i) const {
  do
    ++i;
  while (i < pieces.size() && pieces[i].comment);
  return i;
}

/// True for a comma that a newline, a bracket or another comma makes needless.
bool LineMaker::isSeparatorOnly(size_t i) const {
  if (pieces[i].kind != TokenKind::Comma)
    return false;
  size_t next = after(i);
  bool newline =
      std::any_of(newlines.begin() + i + 1, newlines.begin() + std::min(next + 1, newlines.size()),
                  [](uint32_t n) { return n != 0; });
  if (next == pieces.size())
    return true;
  if (isClosing(pieces[next].kind))
    return inLines() || !newline;
  if (!inLines())
    return false;
  const std::vector<FormatPiece> &line = made.empty() ? pieces : made.back().pieces;
  bool leads = made.empty() || line.empty() || line.back().comment ||
               line.back().kind == TokenKind::LeftBrace;
  return newline || leads || pieces[next].kind == TokenKind::Comma;
}

LineStart LineMaker::startOf(size_t i) const {
  const FormatPiece &piece = pieces[i];
  if (piece.comment)
    return LineStart::Comment;
  if (isClosing(piece.kind))
    return LineStart::Closer;
  if (open.empty())
    return definitions.contains(piece.begin)  ? LineStart::Definition
           : statements.contains(piece.begin) ? LineStart::Other
                                              : LineStart::Continuation;
  size_t next = after(i);
  if (!inLines() || piece.kind != TokenKind::Word || next == pieces.size())
    return LineStart::Continuation;
  if (pieces[next].kind == TokenKind::Colon)
    return LineStart::Key;
  return piece.text == "let" ? LineStart::Let : LineStart::Continuation;
}

void LineMaker::startLine(size_t i) {
  finishLine();
  FormatLine &line = made.emplace_back();
  line.start = startOf(i);
  line.bracket = open.empty() ? 0 : open.back().number;
  bool opensBlock =
      made.size() > 1 && made[made.size() - 2].pieces.back().kind == TokenKind::LeftBrace;
  line.blankBefore =
      newlines[i] > 1 && made.size() > 1 && !opensBlock && line.start != LineStart::Closer;
  line.continues = line.start == LineStart::Continuation && inLines();
  if (line.start == LineStart::Key)
    line.label = 2;
  else if (line.start == LineStart::Let || line.start == LineStart::Definition)
    line.label = 2;
}

/// A line of several entries has no column of its own.
void LineMaker::finishLine() {
  if (made.empty())
    return;
  FormatLine &line = made.back();
  int depth = 0;
  for (const FormatPiece &piece : line.pieces) {
    depth += isOpening(piece.kind) - isClosing(piece.kind);
    if (depth == 0 && piece.kind == TokenKind::Comma)
      line.label = 0;
  }
}

std::vector<FormatLine> LineMaker::lines() {
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (isSeparatorOnly(i)) {
      // The piece behind keeps the line break that stood before the comma.
      if (i + 1 < pieces.size())
        newlines[i + 1] = std::max(newlines[i + 1], newlines[i]);
      continue;
    }
    if (made.empty() || newlines[i])
      startLine(i);
    if (isOpening(pieces[i].kind))
      open.push_back({pieces[i].kind, ++brackets});
    else if (isClosing(pieces[i].kind))
      open.pop_back();
    made.back().pieces.push_back(pieces[i]);
  }
  finishLine();
  return std::move(made);
}

/// Comments inside a continued entry are laid out with what follows them.
static void carryComments(std::vector<FormatLine> &lines) {
  for (size_t i = lines.size(); i-- > 1;)
    if (lines[i - 1].start == LineStart::Comment && lines[i].bracket == lines[i - 1].bracket)
      lines[i - 1].continues = lines[i].continues;
}

static uint32_t labelWidth(const FormatLine &line) {
  size_t width = line.pieces[0].text.size() + line.pieces[1].text.size();
  return static_cast<uint32_t>(width + (line.start == LineStart::Key ? 0 : 1));
}

/// Gives neighbours of one kind in one block a common column.
static void align(std::vector<FormatLine> &lines) {
  std::map<uint32_t, std::vector<FormatLine *>> groups; // by bracket
  auto flush = [](std::vector<FormatLine *> &group) {
    uint32_t widest = 0;
    for (const FormatLine *line : group)
      widest = std::max(widest, labelWidth(*line));
    for (FormatLine *line : group)
      line->pad = widest - labelWidth(*line);
    group.clear();
  };
  for (FormatLine &line : lines) {
    std::vector<FormatLine *> &group = groups[line.bracket];
    bool belongs =
        !group.empty() && line.label && line.start == group[0]->start &&
        (line.start != LineStart::Definition || line.pieces[0].text == group[0]->pieces[0].text);
    bool stays = line.start == LineStart::Continuation || line.start == LineStart::Closer ||
                 line.start == LineStart::Comment;
    if (line.blankBefore || (!stays && !belongs))
      flush(group);
    if (line.label && !stays)
      group.push_back(&line);
  }
  for (auto &[bracket, group] : groups)
    flush(group);
}

std::vector<FormatLine> formatLines(const SourceManager &sources, const ast::File &file) {
  std::vector<FormatLine> lines = LineMaker(sources, file).lines();
  carryComments(lines);
  align(lines);
  return lines;
}

} // namespace roux
