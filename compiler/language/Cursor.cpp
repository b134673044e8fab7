//===- Cursor.cpp - what is being written ----------------------------------===//
//
// See the header. A word that the cursor touches is not counted: it is being typed.
//
//===----------------------------------------------------------------------===//
#include "compiler/language/Cursor.h"

#include "compiler/frontend/Lexer.h"

#include <algorithm>

namespace roux::language {

namespace {

class CursorReader {
public:
  explicit CursorReader(const Document &document) : document(document) { cursor.open.resize(1); }

  void read(const Token &token);
  Cursor cursor;

private:
  OpenBracket &innermost() { return cursor.open.back(); }
  void beginEntry();
  void close();
  void word(const Token &token);

  const Document &document;
  std::string_view lastWord;
};

} // namespace

void CursorReader::beginEntry() {
  innermost().key = {};
  innermost().begins = true;
  innermost().afterPipe = false;
  if (cursor.open.size() == 1)
    cursor.definitionKind = {};
}

void CursorReader::close() {
  if (cursor.open.size() > 1)
    cursor.open.pop_back();
  innermost().begins = false;
}

void CursorReader::word(const Token &token) {
  std::string_view text = document.sources.text(token.range);
  if (cursor.open.size() == 1 && innermost().begins)
    cursor.definitionKind = text;
  lastWord = text;
  innermost().begins = false;
  innermost().afterPipe = false;
}

void CursorReader::read(const Token &token) {
  using enum TokenKind;
  using Kind = OpenBracket::Kind;
  bool isEntryEnd = innermost().kind == Kind::File || innermost().kind == Kind::Block;
  if (token.afterNewline && isEntryEnd && token.kind != Pipe && token.kind != RightBrace)
    beginEntry();
  switch (token.kind) {
  case Word:
    return word(token);
  case Colon:
    innermost().key = lastWord;
    innermost().written.push_back(lastWord);
    break;
  case Comma:
    innermost().positional += innermost().key.empty();
    beginEntry();
    return;
  case LeftParen:
    cursor.open.push_back({.kind = Kind::Call, .owner = lastWord, .written = {}, .key = {}});
    return;
  case LeftBracket:
    cursor.open.push_back(
        {.kind = Kind::List, .owner = innermost().owner, .written = {}, .key = innermost().key});
    return;
  case LeftBrace:
    cursor.open.push_back(
        {.kind = Kind::Block,
         .owner = cursor.open.size() == 1 ? cursor.definitionKind : std::string_view("model"),
         .written = {},
         .key = {}});
    return;
  case RightParen:
  case RightBracket:
  case RightBrace:
    close();
    return;
  case Pipe:
    innermost().afterPipe = true;
    return;
  default:
    break;
  }
  innermost().begins = false;
  innermost().afterPipe = false;
}

Cursor cursorAt(const Document &document, size_t offset) {
  std::vector<ast::Comment> comments;
  Diagnostics ignored(document.sources);
  Lexer lexer(document.sources, document.file, comments, ignored);
  CursorReader reader(document);
  for (Token token = lexer.next(); token.kind != TokenKind::End; token = lexer.next()) {
    bool isTyped = token.kind == TokenKind::Word && token.range.end >= offset;
    if (token.range.begin >= offset || isTyped)
      break;
    reader.read(token);
  }
  // A line that is new begins an entry, whatever follows.
  std::string_view before = document.text().substr(0, offset);
  size_t word = before.size();
  while (word > 0 &&
         (std::isalnum(static_cast<unsigned char>(before[word - 1])) || before[word - 1] == '_'))
    --word;
  size_t line = before.substr(0, word).find_last_not_of(" \t");
  OpenBracket &innermost = reader.cursor.open.back();
  bool isNewLine = line == before.npos || before[line] == '\n';
  if (isNewLine && innermost.kind != OpenBracket::Kind::Call &&
      innermost.kind != OpenBracket::Kind::List) {
    innermost.key = {};
    innermost.begins = true;
  }
  return std::move(reader.cursor);
}

} // namespace roux::language
