//===- TokenStream.cpp - where an entry ends ------------------------------===//
//
// Brackets are kept as a list, not as recursion, so that skipping a hundred
// thousand of them costs memory and nothing else.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/TokenStream.h"
#include "compiler/frontend/Words.h"

#include <algorithm>

namespace roux {

bool isOpening(TokenKind kind) {
  return kind == TokenKind::LeftParen || kind == TokenKind::LeftBracket ||
         kind == TokenKind::LeftBrace;
}

bool isClosing(TokenKind kind) {
  return kind == TokenKind::RightParen || kind == TokenKind::RightBracket ||
         kind == TokenKind::RightBrace;
}

TokenKind closerOf(TokenKind opening) {
  if (opening == TokenKind::LeftParen)
    return TokenKind::RightParen;
  return opening == TokenKind::LeftBracket ? TokenKind::RightBracket : TokenKind::RightBrace;
}

TokenStream::TokenStream(const SourceManager &sources, uint32_t file,
                         std::vector<ast::Comment> &comments, Diagnostics &diagnostics)
    : sources(sources), lexer(sources, file, comments, diagnostics) {
  token = lexer.next();
  ahead = lexer.next();
  taken.range = {file, 0, 0};
}

bool TokenStream::isWord(std::string_view word) const {
  return token.kind == TokenKind::Word && text(token) == word;
}

Token TokenStream::take() {
  taken = token;
  token = ahead;
  ahead = lexer.next();
  return taken;
}

Token TokenStream::open() {
  brackets.push_back(token.kind);
  return take();
}

bool TokenStream::close(TokenKind closer) {
  brackets.pop_back();
  bool closes = is(closer);
  if (closes)
    take();
  return closes;
}

bool TokenStream::lineEnded() const {
  if (is(TokenKind::End))
    return true;
  if (!inLines() || !token.afterNewline)
    return false;
  return !is(TokenKind::Pipe) && !isWord("then") && !isWord("else");
}

bool TokenStream::atDefinition() const {
  if (token.kind != TokenKind::Word || !token.afterNewline)
    return false;
  // Indentation means nothing to the language; that files do not indent definitions helps to guess.
  std::string_view before = sources.text(token.range.file).substr(0, token.range.begin);
  if (!before.empty() && !before.ends_with('\n'))
    return false;
  std::string_view word = text(token);
  if (word == "use")
    return ahead.kind == TokenKind::Text;
  if (word == "seed")
    return ahead.kind == TokenKind::Number;
  if (word == "run")
    return ahead.kind == TokenKind::LeftBrace;
  return kindNamed(word) && ahead.kind == TokenKind::Word && !ahead.afterNewline;
}

bool TokenStream::atKeyOfNextLine() const {
  return token.afterNewline && token.kind == TokenKind::Word && ahead.kind == TokenKind::Colon &&
         taken.kind != TokenKind::Comma && !isOpening(taken.kind);
}

/// True if a bracket around the innermost one is waiting for `kind`.
bool TokenStream::closesOuter(TokenKind kind) const {
  return std::any_of(brackets.begin(), brackets.end(),
                     [&](TokenKind opening) { return closerOf(opening) == kind; });
}

/// A newline behind these does not end an entry.
static bool continuesLine(TokenKind kind) {
  return kind == TokenKind::Colon || kind == TokenKind::Assign || kind == TokenKind::Pipe ||
         kind == TokenKind::DotDot || kind >= TokenKind::Plus || isOpening(kind);
}

void TokenStream::skipEntry() {
  while (!is(TokenKind::End) && !is(TokenKind::Comma)) {
    if (lineEnded() && !(continuesLine(taken.kind) && !atDefinition()))
      return;
    if (isClosing(token.kind) && closesOuter(token.kind))
      return;
    if (isOpening(token.kind))
      skipBracket();
    else
      take();
  }
}

void TokenStream::skipItem() {
  while (!is(TokenKind::End) && !is(TokenKind::Comma) && !atDefinition()) {
    if (isClosing(token.kind) && closesOuter(token.kind))
      return;
    if (atKeyOfNextLine())
      return;
    if (isOpening(token.kind))
      skipBracket();
    else
      take();
  }
}

void TokenStream::skipBracket() {
  size_t outside = brackets.size();
  do {
    if (isOpening(token.kind))
      open();
    else if (isClosing(token.kind) && closerOf(brackets.back()) == token.kind)
      close(token.kind);
    else
      take();
  } while (brackets.size() > outside && !is(TokenKind::End) && !atDefinition());
  brackets.resize(outside);
}

} // namespace roux
