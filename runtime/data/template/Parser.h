//===- Parser.h - the state shared by the two halves of the parser --------===//
//
// Statements and expressions are parsed in files of their own; this is what
// both read tokens through.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/template/Syntax.h"

#include <initializer_list>

namespace roux::data::jinja {

class Parser {
public:
  explicit Parser(std::string_view source) : tokens(lex(source)) {}
  NodePtr parseTemplate();

private:
  // Statements.
  NodePtr parseBlock(std::initializer_list<std::string_view> ends);
  NodePtr parseStatement();
  NodePtr parseIf();
  NodePtr parseFor();
  NodePtr parseSet();
  NodePtr parseMacro();
  NodePtr parseGeneration();
  NodePtr parseFilterBlock();
  NodePtr parseTarget(bool attributes);
  void parseFilters(Node &node);
  void endBlock(std::string_view word);

  // Expressions, loosest first.
  NodePtr parseTuple();
  NodePtr parseExpression();
  NodePtr parseWithoutCondition() { return parseOr(); }
  NodePtr parseOr();
  NodePtr parseAnd();
  NodePtr parseNot();
  NodePtr parseCompare();
  NodePtr parseSum();
  NodePtr parseConcatenation();
  NodePtr parseProduct();
  NodePtr parsePower();
  NodePtr parseUnary(bool withFilters);
  NodePtr parsePrimary();
  NodePtr parsePostfix(NodePtr base);
  NodePtr parseFilterChain(NodePtr value);
  NodePtr parseFilter(NodePtr value);
  NodePtr parseTest(NodePtr value);
  NodePtr parseSubscript(NodePtr base);
  NodePtr parseList(std::string_view close, NodeKind kind);
  NodePtr parseMap();
  void parseArguments(Node &call);

  // Tokens.
  const Token &token() const { return tokens[at]; }
  bool isOperator(std::string_view text) const {
    return token().kind == TokenKind::Operator && token().text == text;
  }
  bool isWord(std::string_view text) const {
    return token().kind == TokenKind::Name && token().text == text;
  }
  bool accept(std::string_view text);
  bool acceptWord(std::string_view text);
  void expect(std::string_view text);
  void expectEnd(TokenKind kind, std::string_view text);
  std::string expectName(std::string_view what);
  NodePtr make(NodeKind kind) const;
  /// Trees of chained operators lean to the left as deep as the chain is long.
  void grow();
  [[noreturn]] void fail(std::string_view expected) const;
  [[noreturn]] void refuse(std::string message) const;

  /// Counts how deep the parser has called itself, so that hostile nesting is an error.
  struct Nesting {
    explicit Nesting(Parser &parser);
    ~Nesting() { --parser.depth; }
    Parser &parser;
  };

  std::vector<Token> tokens;
  size_t at = 0;
  int depth = 0;
  int chain = 0; ///< operators, postfixes and filters of the current tag
  int loops = 0; ///< enclosing `for`s, for `break` and `continue`
};

} // namespace roux::data::jinja
