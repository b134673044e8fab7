//===- Lexer.h - from text to words, numbers and signs --------------------===//
//
// Tokens are made one at a time, because a recipe may be megabytes of them and
// the parser never looks further than the next. The lexer knows no reserved
// words: `data` is a kind, a key or an argument name by what stands around it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/AST.h"
#include "compiler/frontend/Diagnostic.h"

namespace roux {

enum class TokenKind : uint8_t {
  End,
  Bad, ///< already reported
  Word,
  Number, ///< digits with all that touches them: 64Ki, 3%, 1.28e8
  Text,   ///< with its quotes
  LeftParen,
  RightParen,
  LeftBracket,
  RightBracket,
  LeftBrace,
  RightBrace,
  Comma,
  Colon,
  Assign,
  Pipe,
  Dot,
  DotDot,
  Plus,
  Minus,
  Star,
  Slash,
  Caret,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
};

struct Token {
  TokenKind kind = TokenKind::End;
  bool afterNewline = false; ///< a line ended between the token before and this one
  SourceRange range;
};

/// How a sign is written, quoted for a message: "'('", and what a token without one is: "a number".
std::string_view spelling(TokenKind kind);

class Lexer {
public:
  /// Comments are added to `comments` as they are passed.
  Lexer(const SourceManager &sources, uint32_t file, std::vector<ast::Comment> &comments,
        Diagnostics &diagnostics);

  /// The next token; End for ever once the text is over.
  Token next();

private:
  bool skipBlanks();
  void comment();
  Token word();
  Token number();
  Token text();
  Token sign();
  Token unexpected();
  void passOver(std::string_view slip);
  Token make(TokenKind kind, size_t begin) const;
  /// The first byte decides nearly always, and signs are asked for one after the other.
  bool at(std::string_view what) const {
    return here < source.size() && source[here] == what[0] && source.substr(here).starts_with(what);
  }

  std::string_view source;
  uint32_t file;
  size_t here = 0;
  bool lineBegins = true; ///< nothing but blanks since the last line feed
  std::vector<ast::Comment> &comments;
  Diagnostics &diagnostics;
};

} // namespace roux
