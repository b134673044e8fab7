//===- Grammar.cpp - definitions, blocks and entries ----------------------===//
//
// What a file is made of, and how reading goes on after a mistake: every entry
// begins afresh, so a broken one costs its own lines only.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Grammar.h"
#include "compiler/frontend/Constructs.h"
#include "compiler/frontend/Literal.h"
#include "compiler/frontend/OtherWords.h"
#include "compiler/frontend/Words.h"

#include <fmt/format.h>
#include <utility>

namespace roux {

using ast::Expr;
using ast::ExprKind;

Grammar::Grammar(const SourceManager &sources, ast::File &file, Diagnostics &diagnostics)
    : sources(sources), tree(file), diagnostics(diagnostics),
      tokens(sources, file.file, file.comments, diagnostics) {}

//===----------------------------------------------------------------------===//
// Reporting
//===----------------------------------------------------------------------===//

Expr *Grammar::failed(SourceRange range) {
  Expr *expr = tree.make(ast::Error());
  expr->range = range;
  return expr;
}

Expr *Grammar::error(SourceRange range, std::string message, Code code) {
  if (firstAt(range))
    diagnostics.error(code, range, std::move(message));
  return failed(range);
}

/// False if something was already reported at this place: one slip often breaks several rules.
bool Grammar::firstAt(SourceRange range) {
  bool first = range.begin != reportedAt;
  reportedAt = range.begin;
  return first;
}

static constexpr std::string_view blockHint =
    "; a block begins on the line where its definition ends";
static constexpr std::string_view operatorHint = "; a line that goes on ends in its operator";

/// True if a line begins with what only joins two values.
bool Grammar::operatorLeads() const {
  if (tokens.is(TokenKind::Word))
    return isConnective(tokens.text(tokens.current())) &&
           tokens.following().kind != TokenKind::Colon;
  return tokens.is(TokenKind::DotDot) || tokens.current().kind >= TokenKind::Plus;
}

/// The current token in the user's words.
std::string Grammar::found() const {
  if (tokens.lineEnded() && !tokens.is(TokenKind::End) && !isClosing(tokens.current().kind))
    return "the end of the line";
  return foundToken();
}

std::string Grammar::foundToken() const {
  if (tokens.is(TokenKind::Word) || tokens.is(TokenKind::Number))
    return fmt::format("'{}'", tokens.text(tokens.current()).substr(0, 40));
  return std::string(spelling(tokens.current().kind));
}

/// Where to point: at the current token, or behind the last one if the line is over.
SourceRange Grammar::foundRange() const {
  if (!tokens.lineEnded() || tokens.is(TokenKind::End) || isClosing(tokens.current().kind))
    return tokens.current().range;
  uint32_t end = tokens.previous().range.end;
  return {tree.file, end, end};
}

Expr *Grammar::expected(std::string_view what, std::string_view hint) {
  if (tokens.is(TokenKind::Bad))
    return failed(tokens.current().range);
  return error(foundRange(), fmt::format("expected {}, found {}{}", what, found(), hint));
}

/// Like expected(), where an entry begins: the line before it does not matter.
Expr *Grammar::expectedFirst(std::string_view what, std::string_view hint) {
  if (tokens.is(TokenKind::Bad))
    return failed(tokens.current().range);
  return error(tokens.current().range,
               fmt::format("expected {}, found {}{}", what, foundToken(), hint));
}

Expr *Grammar::tooHigh(SourceRange range) {
  return error(range,
               fmt::format("this expression joins more than {} parts; give some of it a name",
                           ast::maxHeight),
               Code::TooMuch);
}

Expr *Grammar::reportDepth() {
  Expr *expr = error(tokens.current().range,
                     fmt::format("nested more than {} deep; give the inner part a name", maxDepth),
                     Code::TooMuch);
  if (isOpening(tokens.current().kind))
    tokens.skipBracket();
  if (tokens.is(TokenKind::End))
    firstAt(tokens.current().range); // the brackets around it were cut off with it
  return expr;
}

//===----------------------------------------------------------------------===//
// File level
//===----------------------------------------------------------------------===//

void Grammar::separators() {
  while (tokens.is(TokenKind::Comma))
    tokens.take();
}

void Grammar::file() {
  separators();
  while (!tokens.is(TokenKind::End)) {
    fileEntry();
    separators();
  }
}

/// Passes over an entry whose first token fits nothing, a stray closing bracket too.
void Grammar::skipUnread() {
  if (isOpening(tokens.current().kind))
    tokens.skipBracket();
  else if (!tokens.is(TokenKind::End))
    tokens.take();
  tokens.skipEntry();
}

/// An entry is over at a separator, the end of its line or its bracket; reports anything else.
bool Grammar::entryEnds(std::string_view after) {
  bool closes = tokens.inBrackets() && tokens.is(TokenKind::RightBrace);
  if (tokens.lineEnded() || tokens.is(TokenKind::Comma) || closes)
    return true;
  bool isCalled = tokens.previous().kind == TokenKind::Word;
  bool isArgument =
      isCalled && (tokens.is(TokenKind::Text) ||
                   (tokens.is(TokenKind::Number) && findConstruct(tokens.text(tokens.previous()))));
  std::string hint = isArgument ? fmt::format("; write {}({})", tokens.text(tokens.previous()),
                                              tokens.text(tokens.current()).substr(0, 40))
                                : strayHint();
  expected(fmt::format("',' or a new line after {}", after), hint);
  tokens.skipEntry();
  return false;
}

/// The kind that was probably meant, or what another tool's word for one is here.
static std::string kindHint(std::string_view word) {
  std::string nearest(nearestKind(word));
  return nearest.empty() ? writtenHere(word, "kind") : nearest;
}

void Grammar::fileEntry() {
  bool wasRead = std::exchange(reads, true);
  if (tokens.isWord("use"))
    return use();
  if (tokens.isWord("seed"))
    return seed();
  if (tokens.is(TokenKind::Word)) {
    std::string_view word = tokens.text(tokens.current());
    if (std::optional<ast::Kind> kind = kindNamed(word))
      return definition(*kind);
    if (tokens.following().kind == TokenKind::Word && wasRead) {
      error(tokens.current().range, fmt::format("unknown kind '{}'{}", word, kindHint(word)),
            Code::UnknownKind);
      if (std::optional<ast::Kind> meant = nearestKindOf(word))
        return definition(*meant); // so that what reads the name still finds it
      return skipUnread();
    }
  }
  // What follows such an entry and is no definition either belongs to it.
  reads = false;
  if (wasRead && tokens.is(TokenKind::LeftBrace))
    expectedFirst("a definition", blockHint);
  else if (wasRead)
    expectedFirst("a definition, 'use' or 'seed'", strangerHint());
  skipUnread();
}

/// What was probably meant by an entry of the file that is no definition.
std::string_view Grammar::strangerHint() const {
  if (operatorLeads())
    return operatorHint;
  if (tokens.isWord("import") || tokens.isWord("include") || tokens.isWord("from"))
    return "; another recipe is read by use \"parts.recipe\"";
  if (tokens.is(TokenKind::Word) && tokens.following().kind == TokenKind::Colon)
    return "; keys stand in the block of a definition, and 'roux import' makes a recipe of another "
           "tool's config";
  if (tokens.is(TokenKind::Word) && tokens.following().kind == TokenKind::Assign)
    return "; a value has a name by param, as in param rate = 1e-5";
  return "";
}

void Grammar::use() {
  SourceRange begin = tokens.take().range;
  if (!tokens.is(TokenKind::Text) || tokens.lineEnded()) {
    expected("the path of a recipe in quotes after 'use'");
    return tokens.skipEntry();
  }
  SourceRange path = tokens.take().range;
  ast::Text *text = readText(sources.text(path), path, tree, diagnostics);
  tree.uses.push_back({text->value, begin.to(path), path});
  entryEnds("the path");
}

void Grammar::seed() {
  SourceRange begin = tokens.take().range;
  if (tokens.lineEnded() || tokens.is(TokenKind::Colon) || tokens.is(TokenKind::Assign)) {
    expected("a number after 'seed'", "; write seed 7");
    return tokens.skipEntry();
  }
  Expr *value = expression();
  if (value->kind == ExprKind::Error)
    return tokens.skipEntry();
  tree.seeds.push_back({value, since(begin)});
  entryEnds("the seed");
}

/// Reads the name behind the kind; false if what follows cannot be read as this definition.
bool Grammar::definitionName(ast::Definition &definition) {
  std::string_view kind = spelling(definition.kind);
  bool named = tokens.is(TokenKind::Word) && !tokens.lineEnded();
  if (definition.kind == ast::Kind::Run) {
    definition.nameRange = definition.kindRange;
    if (!named)
      return true;
    error(tokens.current().range, "'run' has no name; a file has one, written 'run { … }'");
    tokens.take();
    return true;
  }
  if (!named) {
    expected(fmt::format("a name after '{}'", kind));
    definition.nameRange = definition.kindRange;
    return tokens.is(TokenKind::Assign) || tokens.is(TokenKind::LeftBrace);
  }
  definition.name = tokens.text(tokens.current());
  definition.nameRange = tokens.take().range;
  std::string_view reserved = reservedAs(definition.name);
  if (!reserved.empty())
    error(definition.nameRange,
          fmt::format("'{}' is {} and cannot name a definition", definition.name, reserved),
          Code::Reserved);
  else if (definition.name.find('@') != std::string_view::npos)
    error(definition.nameRange, "a definition's name has no '@'; a version belongs to a metric");
  return true;
}

/// Passes over what is left of a broken value, so that the block behind it is still read.
void Grammar::skipToBlock() {
  while (!tokens.is(TokenKind::LeftBrace) && !tokens.is(TokenKind::Comma) && !tokens.lineEnded()) {
    if (isOpening(tokens.current().kind))
      tokens.skipBracket();
    else
      tokens.take();
  }
}

void Grammar::definition(ast::Kind kind) {
  ast::Definition made;
  made.kind = kind;
  made.kindRange = tokens.take().range;
  if (!definitionName(made))
    return tokens.skipEntry();

  bool assigned = !tokens.lineEnded() && tokens.is(TokenKind::Assign);
  if (!tokens.lineEnded() && tokens.is(TokenKind::Colon)) {
    expected("'=' or '{' after the name");
    assigned = true;
  }
  if (assigned) {
    tokens.take();
    made.value = expression();
    if (made.value->kind == ExprKind::Error)
      skipToBlock();
  }
  if (tokens.is(TokenKind::LeftBrace) && !tokens.lineEnded())
    made.block = tree.make(block(made.kind == ast::Kind::Score));
  if (!made.value && !made.block) {
    expected("'=' or '{' after the name", tokens.is(TokenKind::LeftBrace) ? blockHint : "");
    made.value = failed(made.nameRange);
    tokens.skipEntry();
    if (tokens.is(TokenKind::LeftBrace))
      made.block = tree.make(block(made.kind == ast::Kind::Score));
  }
  made.range = since(made.kindRange);
  if (!entryEnds(made.block ? "the block" : "the definition") && made.value && !made.block)
    made.value = failed(made.value->range); // half of it is no value
  tree.definitions.push_back(made);
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

ast::Block Grammar::block(bool lets) {
  Nesting nesting(*this);
  Token opening = tokens.current();
  if (nesting.tooDeep()) {
    reportDepth();
    return {since(opening.range), {}};
  }
  tokens.open();
  std::vector<ast::Entry> entries;
  separators();
  while (!tokens.is(TokenKind::RightBrace) && !tokens.is(TokenKind::End) &&
         !tokens.atDefinition()) {
    blockEntry(lets, entries);
    separators();
  }
  closeBracket(opening, "the block");
  return {since(opening.range), tree.keep(entries)};
}

bool Grammar::letEntry(bool allowed, ast::Entry &entry) {
  Token let = tokens.take();
  entry.kind = ast::EntryKind::Let;
  if (!allowed)
    error(let.range, "'let' belongs directly in the block of a score");
  if (!tokens.is(TokenKind::Word) || tokens.lineEnded()) {
    expected("a name after 'let'");
    return false;
  }
  entry.keyRange = tokens.take().range;
  entry.key = sources.text(entry.keyRange);
  std::string_view reserved = reservedAs(entry.key);
  if (!reserved.empty())
    error(entry.keyRange, fmt::format("'{}' is {} and cannot name a 'let'", entry.key, reserved),
          Code::Reserved);
  if (!tokens.is(TokenKind::Assign) || tokens.lineEnded()) {
    expected(fmt::format("'=' after 'let {}'", entry.key));
    return false;
  }
  tokens.take();
  return true;
}

/// Reads `key :`; false if the rest of the entry is to be skipped.
bool Grammar::keyEntry(ast::Entry &entry) {
  entry.keyRange = tokens.take().range;
  entry.key = sources.text(entry.keyRange);
  if (!tokens.is(TokenKind::Colon) || tokens.lineEnded()) {
    bool isValue = tokens.is(TokenKind::LeftParen) && !tokens.lineEnded();
    expected(fmt::format("':' after the key '{}'", entry.key),
             isValue ? "; an entry is key: value, and several values of one key are a list: [a, b]"
                     : "");
    if (!tokens.is(TokenKind::Assign) || tokens.lineEnded())
      return false;
  }
  tokens.take();
  return true;
}

/// entry := key ':' expression | 'let' name '=' expression
void Grammar::blockEntry(bool lets, std::vector<ast::Entry> &entries) {
  ast::Entry entry;
  if (!tokens.is(TokenKind::Word) || (operatorLeads() && !tokens.isWord("let"))) {
    expectedFirst("a key", operatorLeads() ? operatorHint : "");
    return skipUnread();
  }
  bool let = tokens.isWord("let") && tokens.following().kind != TokenKind::Colon;
  if (!(let ? letEntry(lets, entry) : keyEntry(entry)))
    return tokens.skipEntry();
  entry.value = expression();
  entries.push_back(entry);
  if (entry.value->kind == ExprKind::Error)
    return tokens.skipEntry();
  entryEnds(fmt::format("the value of '{}{}'", let ? "let " : "", entry.key));
}

} // namespace roux
