//===- GrammarOperand.cpp - what operators stand between ------------------===//
//
// Numbers, texts, names, calls, lists, parentheses, and what may touch them:
// arguments, `.name`, a unit, a block.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Constructs.h"
#include "compiler/frontend/Grammar.h"
#include "compiler/frontend/Literal.h"
#include "compiler/frontend/Words.h"

#include <algorithm>
#include <fmt/format.h>

namespace roux {

using ast::Expr;
using ast::ExprKind;

/// Leaves the bracket that `opening` opened around `what`; reports what stands where it should end
/// and passes over it.
bool Grammar::closeBracket(const Token &opening, std::string_view what, std::string hint) {
  TokenKind closer = closerOf(opening.kind);
  if (tokens.is(closer))
    return tokens.close(closer);
  if (hint.empty())
    hint = strayHint();
  // A text without its closing quote took the bracket with it.
  bool isTorn = std::ranges::any_of(diagnostics.all(), [&](const Diagnostic &other) {
    return other.code == Code::Text && other.where.file == opening.range.file &&
           other.where.begin >= opening.range.begin;
  });
  if (!isTorn && !tokens.is(TokenKind::Bad) && firstAt(tokens.current().range))
    diagnostics
        .error(Code::Syntax, tokens.current().range,
               fmt::format("expected {} to close {}, found {}{}", spelling(closer), what,
                           foundToken(), hint))
        .note(opening.range, fmt::format("{} opened here", spelling(opening.kind)));
  skipItems();
  tokens.close(closer);
  return false;
}

/// What was probably meant where the current token does not go on with a value, as "; …" or "".
std::string Grammar::strayHint() const {
  std::string_view word = tokens.text(tokens.current());
  if (tokens.is(TokenKind::Assign)) {
    TokenKind next = tokens.following().kind;
    return next == TokenKind::Greater ? "; write '>='"
           : next == TokenKind::Less  ? "; write '<='"
                                      : "; '==' compares";
  }
  if (!tokens.is(TokenKind::Word))
    return {};
  if (tokens.previous().kind == TokenKind::Number && tokens.following().kind != TokenKind::Colon)
    return nearestUnit(word);
  if (word == "is" || word == "eq" || word == "equals")
    return "; '==' compares";
  if (word == "contains" || word == "like")
    return "; matches(text, \"pattern\") looks into a text";
  if (findConstruct(Family::Record, word))
    return "; operations stand behind '|'";
  return {};
}

/// Passes over what is left in a `( )` or `[ ]`.
void Grammar::skipItems() {
  while (tokens.skipItem(), tokens.is(TokenKind::Comma))
    tokens.take();
}

/// The unit that follows, taken; None if none does. `{ a: 3 h: 4 }` lacks a comma, not a unit.
ast::Unit Grammar::unit() {
  if (!tokens.is(TokenKind::Word) || tokens.lineEnded() ||
      tokens.following().kind == TokenKind::Colon ||
      tokens.following().kind == TokenKind::LeftParen)
    return ast::Unit::None;
  ast::Unit unit = unitNamed(tokens.text(tokens.current()));
  if (unit != ast::Unit::None)
    tokens.take();
  return unit;
}

/// postfix := operand { '.' name | '.' call | block }
Expr *Grammar::postfix() {
  Expr *value = operand();
  while (value->kind != ExprKind::Error && !tokens.lineEnded()) {
    if (tokens.is(TokenKind::Dot))
      value = member(value);
    else if (tokens.is(TokenKind::LeftBrace) && tokens.inBrackets())
      value = override(value);
    else
      break;
  }
  return value;
}

Expr *Grammar::operand() {
  switch (tokens.current().kind) {
  case TokenKind::Word:
    return word();
  case TokenKind::Number:
    return number();
  case TokenKind::Text: {
    SourceRange range = tokens.take().range;
    Expr *text = readText(sources.text(range), range, tree, diagnostics);
    text->range = range;
    return text;
  }
  case TokenKind::LeftParen:
    return group();
  case TokenKind::LeftBracket:
    return list();
  case TokenKind::Dot: {
    const Token &digits = tokens.following();
    bool fraction = digits.kind == TokenKind::Number;
    return expected("a value", fraction ? fmt::format("; write '0.{}'", tokens.text(digits)) : "");
  }
  default:
    return expected("a value");
  }
}

Expr *Grammar::word() {
  std::string_view text = tokens.text(tokens.current());
  bool isKey = tokens.following().kind == TokenKind::Colon;
  // A value that was forgotten: what stands here already belongs to the next line.
  if (isKey || tokens.atDefinition() || isConnective(text)) {
    if (text == "if" && !isKey)
      return error(tokens.current().range, "'if' binds loosely; put it in parentheses here");
    return error(tokens.current().range,
                 fmt::format("expected a value, found {}'{}'", isKey ? "the key " : "", text));
  }
  if (tokens.following().kind == TokenKind::LeftParen &&
      (!tokens.inLines() || !tokens.following().afterNewline))
    return call(nullptr);
  SourceRange range = tokens.take().range;
  if (text == "true" || text == "false") {
    ast::Boolean boolean;
    boolean.value = text == "true";
    return node(boolean, range, {});
  }
  if (text == "none")
    return node(ast::None(), range, {});
  ast::Name name;
  name.name = text;
  return node(name, range, {});
}

Expr *Grammar::number() {
  Token token = tokens.take();
  ast::Number *made = readNumber(sources.text(token.range), token.range, tree, diagnostics);
  if (!made)
    return failed(token.range);
  made->unit = unit();
  made->range = since(token.range);
  return made;
}

Expr *Grammar::group() {
  Nesting nesting(*this);
  if (nesting.tooDeep())
    return reportDepth();
  Token opening = tokens.open();
  ast::Group made;
  made.inner = expression();
  bool broken = made.inner->kind == ExprKind::Error;
  if (broken)
    skipItems();
  if (!closeBracket(opening, "the parenthesis") || broken)
    return failed(since(opening.range));
  made.unit = unit();
  return node(made, since(opening.range), {made.inner});
}

Expr *Grammar::list() {
  Nesting nesting(*this);
  if (nesting.tooDeep())
    return reportDepth();
  Token opening = tokens.open();
  std::vector<Expr *> items;
  ast::List made;
  while (!isClosing(tokens.current().kind) && !tokens.is(TokenKind::End)) {
    Expr *item = expression();
    items.push_back(item);
    made.height = std::max<uint16_t>(made.height, item->height + 1);
    if (item->kind == ExprKind::Error)
      tokens.skipItem();
    if (!tokens.is(TokenKind::Comma))
      break;
    tokens.take();
  }
  if (!closeBracket(opening, "the list"))
    return failed(since(opening.range));
  made.items = std::span<Expr *const>(tree.keep(items));
  return node(made, since(opening.range), {});
}

/// argument := [key ':'] expression ['over' name]. False if its value could not be read.
bool Grammar::argument(std::vector<ast::Argument> &arguments) {
  ast::Argument made;
  if (tokens.is(TokenKind::Word) && tokens.following().kind == TokenKind::Colon) {
    made.keyRange = tokens.take().range;
    made.key = sources.text(made.keyRange);
    tokens.take();
  }
  made.value = expression();
  if (made.value->kind != ExprKind::Error && tokens.isWord("over")) {
    ast::Binary over;
    over.op = ast::BinaryOp::Over;
    over.opRange = tokens.take().range;
    over.lhs = made.value;
    if (tokens.is(TokenKind::Word) && !isConnective(tokens.text(tokens.current())))
      over.rhs = word();
    else
      over.rhs = expected("a scope after 'over'");
    made.value = over.rhs->kind == ExprKind::Error
                     ? over.rhs
                     : node(over, since(over.lhs->range), {over.lhs, over.rhs});
  }
  arguments.push_back(made);
  return made.value->kind != ExprKind::Error;
}

/// call := name '(' [argument { ',' argument }] ')'
Expr *Grammar::call(Expr *object) {
  ast::Call made;
  made.object = object;
  made.calleeRange = tokens.take().range;
  made.callee = sources.text(made.calleeRange);
  SourceRange begin = object ? object->range : made.calleeRange;
  Nesting nesting(*this);
  if (nesting.tooDeep())
    return reportDepth();
  Token opening = tokens.open();
  std::vector<ast::Argument> arguments;
  made.height = object ? object->height + 1 : 1;
  while (!isClosing(tokens.current().kind) && !tokens.is(TokenKind::End)) {
    bool good = argument(arguments);
    made.height = std::max<uint16_t>(made.height, arguments.back().value->height + 1);
    if (!good)
      tokens.skipItem();
    if (!tokens.is(TokenKind::Comma))
      break;
    tokens.take();
  }
  TokenKind next = tokens.following().kind;
  bool isAssigned = tokens.is(TokenKind::Assign) && next != TokenKind::Greater &&
                    next != TokenKind::Less && !arguments.empty() && arguments.back().key.empty() &&
                    arguments.back().value->kind == ExprKind::Name &&
                    tokens.previous().range.begin == arguments.back().value->range.begin;
  std::string hint =
      isAssigned ? fmt::format("; write {}: …", sources.text(arguments.back().value->range)) : "";
  if (!closeBracket(opening, fmt::format("the call of '{}'", made.callee), std::move(hint)))
    return failed(since(begin));
  made.arguments = std::span<const ast::Argument>(tree.keep(arguments));
  return node(made, since(begin), {});
}

/// '.' name or '.' call
Expr *Grammar::member(Expr *object) {
  tokens.take();
  if (!tokens.is(TokenKind::Word) || tokens.lineEnded())
    return expected("a name after '.'");
  if (tokens.following().kind == TokenKind::LeftParen)
    return call(object);
  ast::Member made;
  made.object = object;
  made.nameRange = tokens.take().range;
  made.name = sources.text(made.nameRange);
  return node(made, since(object->range), {object});
}

Expr *Grammar::override(Expr *base) {
  if (base->kind != ExprKind::Name && base->kind != ExprKind::Call)
    return error(tokens.current().range,
                 "a block overrides a model: a name or a call stands before it");
  ast::Override made;
  made.base = base;
  made.block = block(/*lets=*/false);
  for (const ast::Entry &entry : made.block.entries)
    made.height = std::max<uint16_t>(made.height, entry.value->height + 1);
  return node(made, since(base->range), {base});
}

} // namespace roux
