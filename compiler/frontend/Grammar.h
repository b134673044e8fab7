//===- Grammar.h - the rules of the language, one function each -----------===//
//
// Recursive descent. A rule that fails has reported why and returns an Error
// expression; whoever reads a list of things then skips to the next of them,
// so one run finds every independent mistake.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/AST.h"
#include "compiler/frontend/Diagnostic.h"
#include "compiler/frontend/TokenStream.h"

#include <initializer_list>
#include <string>

namespace roux {

class Grammar {
public:
  Grammar(const SourceManager &sources, ast::File &file, Diagnostics &diagnostics);

  /// file := { definition | use | seed }
  void file();

private:
  // Grammar.cpp: what stands at file level, and blocks.
  void fileEntry();
  void definition(ast::Kind kind);
  bool definitionName(ast::Definition &definition);
  void skipToBlock();
  void use();
  void seed();
  ast::Block block(bool lets);
  void blockEntry(bool lets, std::vector<ast::Entry> &entries);
  bool keyEntry(ast::Entry &entry);
  bool letEntry(bool allowed, ast::Entry &entry);
  bool entryEnds(std::string_view after);
  void separators();
  void skipUnread();

  // GrammarExpression.cpp: operators, loosest first.
  ast::Expr *expression();
  ast::Expr *conditional();
  ast::Expr *binary(int minimum);
  ast::Expr *prefix(int minimum);
  ast::Expr *exponent();
  ast::Expr *combine(struct Operator op, ast::Expr *lhs, SourceRange opRange, ast::Expr *rhs);
  ast::Expr *range(ast::Expr *low, ast::Expr *high);

  // GrammarOperand.cpp: what operators stand between.
  ast::Expr *postfix();
  ast::Expr *operand();
  ast::Expr *word();
  ast::Expr *number();
  ast::Expr *group();
  ast::Expr *list();
  ast::Expr *call(ast::Expr *object);
  ast::Expr *member(ast::Expr *object);
  ast::Expr * override(ast::Expr *base);
  bool argument(std::vector<ast::Argument> &arguments);
  ast::Unit unit();
  bool closeBracket(const Token &opening, std::string_view what, std::string hint = {});
  void skipItems();

  // Reporting.
  ast::Expr *error(SourceRange range, std::string message, Code code = Code::Syntax);
  ast::Expr *failed(SourceRange range);
  ast::Expr *expected(std::string_view what, std::string_view hint = "");
  ast::Expr *expectedFirst(std::string_view what, std::string_view hint = "");
  bool operatorLeads() const;
  std::string strayHint() const;
  std::string_view strangerHint() const;
  bool firstAt(SourceRange range);
  std::string found() const;
  std::string foundToken() const;
  SourceRange foundRange() const;
  SourceRange since(SourceRange begin) const { return begin.to(tokens.previous().range); }

  /// Makes a node over `children`, or an Error if the tree would be too high.
  template <typename Node>
  ast::Expr *node(Node made, SourceRange range, std::initializer_list<const ast::Expr *> children) {
    for (const ast::Expr *child : children)
      made.height = std::max<uint16_t>(made.height, child->height + 1);
    made.range = range;
    return made.height > ast::maxHeight ? tooHigh(range) : tree.make(made);
  }
  ast::Expr *tooHigh(SourceRange range);

  /// Counts the rules inside one another; `tooDeep` once the machine's stack would be in danger.
  struct Nesting {
    explicit Nesting(Grammar &grammar) : grammar(grammar) { ++grammar.depth; }
    ~Nesting() { --grammar.depth; }
    bool tooDeep() const { return grammar.depth > maxDepth; }
    Grammar &grammar;
  };
  static constexpr int maxDepth = 256;
  ast::Expr *reportDepth();

  const SourceManager &sources;
  ast::File &tree;
  Diagnostics &diagnostics;
  TokenStream tokens;
  int depth = 0;
  uint32_t reportedAt = UINT32_MAX; ///< where the last mistake was
  bool reads = true;                ///< the last entry of the file was understood
};

} // namespace roux
