//===- TokenStream.h - where an entry ends --------------------------------===//
//
// The line rule of the language lives here and nowhere else: the innermost
// bracket decides whether a newline is a space or the end of an entry. So does
// the way back from a mistake: skipping to the next place where the text makes
// sense again.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Lexer.h"

#include <vector>

namespace roux {

class TokenStream {
public:
  TokenStream(const SourceManager &sources, uint32_t file, std::vector<ast::Comment> &comments,
              Diagnostics &diagnostics);

  const Token &current() const { return token; }
  const Token &following() const { return ahead; }
  /// The token that was taken last.
  const Token &previous() const { return taken; }
  bool is(TokenKind kind) const { return token.kind == kind; }
  bool isWord(std::string_view word) const;
  std::string_view text(const Token &of) const { return sources.text(of.range); }

  /// Moves on and returns what was current.
  Token take();
  /// Takes an opening bracket; newlines mean what it says until close().
  Token open();
  /// Leaves the innermost bracket; takes the current token if it is `closer`.
  bool close(TokenKind closer);

  /// True where a newline ends the entry: in `{ }` and at file level.
  bool inLines() const { return brackets.empty() || brackets.back() == TokenKind::LeftBrace; }
  bool inBrackets() const { return !brackets.empty(); }
  /// True if the entry read so far is over, because the file or its line is.
  bool lineEnded() const;

  /// True if the current token begins a definition, a `use` or a `seed` in the first column.
  bool atDefinition() const;
  /// True if inside `( )` or `[ ]` a line begins with a key though no comma came before: the
  /// bracket was probably never closed.
  bool atKeyOfNextLine() const;

  /// Skips to the end of the entry: behind its last token, before what separates it.
  void skipEntry();
  /// Inside `( )` or `[ ]`: skips to its next comma or its end, and no further than the bracket
  /// could have been meant to reach.
  void skipItem();
  /// Skips the bracket that is current and all in it.
  void skipBracket();

private:
  bool closesOuter(TokenKind kind) const;

  const SourceManager &sources;
  Lexer lexer;
  Token token, ahead, taken;
  std::vector<TokenKind> brackets; ///< those open around the current token
};

bool isOpening(TokenKind kind);
bool isClosing(TokenKind kind);
/// The closing bracket for `opening`.
TokenKind closerOf(TokenKind opening);

} // namespace roux
