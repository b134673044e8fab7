//===- ParseExpressions.cpp - Jinja's expressions -------------------------===//
//
// The precedences are Jinja's, which are not quite Python's: `~` binds tighter
// than `+`, and a filter binds tighter than any operator.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Parser.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace roux::data::jinja {

/// `a, b` without brackets is a tuple; a single expression is itself.
NodePtr Parser::parseTuple() {
  NodePtr first = parseExpression();
  if (!isOperator(","))
    return first;
  NodePtr tuple = make(NodeKind::Tuple);
  tuple->children.push_back(std::move(first));
  while (accept(",") && token().kind != TokenKind::VariableEnd &&
         token().kind != TokenKind::BlockEnd)
    tuple->children.push_back(parseExpression());
  return tuple;
}

NodePtr Parser::parseExpression() {
  Nesting nesting(*this);
  NodePtr value = parseOr();
  while (isWord("if")) {
    NodePtr node = make(NodeKind::Conditional);
    grow();
    ++at;
    node->children.push_back(std::move(value));
    node->children.push_back(parseOr());
    node->children.push_back(acceptWord("else") ? parseExpression() : nullptr);
    value = std::move(node);
  }
  return value;
}

NodePtr Parser::parseOr() {
  NodePtr left = parseAnd();
  while (isWord("or")) {
    NodePtr node = make(NodeKind::Or);
    grow();
    ++at;
    node->children.push_back(std::move(left));
    node->children.push_back(parseAnd());
    left = std::move(node);
  }
  return left;
}

NodePtr Parser::parseAnd() {
  NodePtr left = parseNot();
  while (isWord("and")) {
    NodePtr node = make(NodeKind::And);
    grow();
    ++at;
    node->children.push_back(std::move(left));
    node->children.push_back(parseNot());
    left = std::move(node);
  }
  return left;
}

NodePtr Parser::parseNot() {
  Nesting nesting(*this);
  if (!isWord("not"))
    return parseCompare();
  NodePtr node = make(NodeKind::Not);
  ++at;
  node->children.push_back(parseNot());
  return node;
}

NodePtr Parser::parseCompare() {
  NodePtr first = parseSum();
  NodePtr node = make(NodeKind::Compare);
  for (;;) {
    std::string op;
    for (std::string_view candidate : {"==", "!=", "<=", ">=", "<", ">"})
      if (op.empty() && accept(candidate))
        op = candidate;
    if (op.empty() && acceptWord("in"))
      op = "in";
    bool notIn = op.empty() && isWord("not") && tokens[at + 1].kind == TokenKind::Name &&
                 tokens[at + 1].text == "in";
    if (notIn) {
      at += 2;
      op = "not in";
    }
    if (op.empty())
      break;
    if (node->children.empty())
      node->children.push_back(std::move(first));
    node->names.push_back(op);
    node->children.push_back(parseSum());
  }
  return node->children.empty() ? std::move(first) : std::move(node);
}

/// A left-associative level: operands from `next`, joined by any of `operators`.
#define BINARY_LEVEL(NAME, NEXT, ...)                                                              \
  NodePtr Parser::NAME() {                                                                         \
    NodePtr left = NEXT;                                                                           \
    for (bool found = true; found;) {                                                              \
      found = false;                                                                               \
      for (std::string_view op : {__VA_ARGS__})                                                    \
        if (isOperator(op)) {                                                                      \
          NodePtr node = make(NodeKind::Binary);                                                   \
          grow();                                                                                  \
          ++at;                                                                                    \
          node->name = op;                                                                         \
          node->children.push_back(std::move(left));                                               \
          node->children.push_back(NEXT);                                                          \
          left = std::move(node);                                                                  \
          found = true;                                                                            \
          break;                                                                                   \
        }                                                                                          \
    }                                                                                              \
    return left;                                                                                   \
  }
BINARY_LEVEL(parseSum, parseConcatenation(), "+", "-")
BINARY_LEVEL(parseConcatenation, parseProduct(), "~")
BINARY_LEVEL(parseProduct, parsePower(), "*", "/", "//", "%")
BINARY_LEVEL(parsePower, parseUnary(true), "**")
#undef BINARY_LEVEL

NodePtr Parser::parseUnary(bool withFilters) {
  Nesting nesting(*this);
  NodePtr node;
  if (isOperator("-") || isOperator("+")) {
    node = make(isOperator("-") ? NodeKind::Negate : NodeKind::Plus);
    ++at;
    node->children.push_back(parseUnary(false));
  } else {
    node = parsePrimary();
  }
  node = parsePostfix(std::move(node));
  return withFilters ? parseFilterChain(std::move(node)) : std::move(node);
}

static Value parseNumber(const Token &token) {
  double real = 0;
  int64_t integer = 0;
  const char *begin = token.text.data(), *end = begin + token.text.size();
  if (token.kind == TokenKind::Integer && std::from_chars(begin, end, integer).ec == std::errc())
    return integer;
  if (token.kind == TokenKind::Integer)
    return mpz_class(token.text, 10);
  std::from_chars(begin, end, real);
  return real;
}

NodePtr Parser::parsePrimary() {
  NodePtr node = make(NodeKind::Literal);
  const Token &first = token();
  switch (first.kind) {
  case TokenKind::Integer:
  case TokenKind::Real:
    ++at;
    node->literal = parseNumber(first);
    return node;
  case TokenKind::String: { // neighbours are one string
    std::string text;
    while (token().kind == TokenKind::String)
      text += tokens[at++].text;
    node->literal = std::move(text);
    return node;
  }
  case TokenKind::Name:
    ++at;
    if (first.text == "true" || first.text == "True" || first.text == "false" ||
        first.text == "False") {
      node->literal = first.text[0] == 't' || first.text[0] == 'T';
    } else if (first.text != "none" && first.text != "None") {
      node->kind = NodeKind::Name;
      node->name = first.text;
    }
    return node;
  default:
    break;
  }
  if (accept("["))
    return parseList("]", NodeKind::List);
  if (accept("{"))
    return parseMap();
  if (!accept("("))
    fail("an expression");
  if (isOperator(")"))
    return parseList(")", NodeKind::Tuple);
  NodePtr inner = parseExpression();
  if (accept(")"))
    return inner;
  expect(",");
  NodePtr tuple = parseList(")", NodeKind::Tuple);
  tuple->children.insert(tuple->children.begin(), std::move(inner));
  return tuple;
}

NodePtr Parser::parseList(std::string_view close, NodeKind kind) {
  NodePtr list = make(kind);
  while (!accept(close)) {
    list->children.push_back(parseExpression());
    if (!isOperator(close))
      expect(",");
  }
  return list;
}

NodePtr Parser::parseMap() {
  NodePtr map = make(NodeKind::Map);
  while (!accept("}")) {
    map->children.push_back(parseExpression());
    expect(":");
    map->children.push_back(parseExpression());
    if (!isOperator("}"))
      expect(",");
  }
  return map;
}

NodePtr Parser::parsePostfix(NodePtr base) {
  for (;;) {
    NodePtr node = make(NodeKind::Attribute);
    grow();
    if (accept(".")) {
      if (token().kind == TokenKind::Integer) { // `pair.0`
        node->kind = NodeKind::Subscript;
        node->children.push_back(std::move(base));
        node->children.push_back(parsePrimary());
        base = std::move(node);
        continue;
      }
      node->name = expectName("an attribute's name");
      node->children.push_back(std::move(base));
      base = std::move(node);
    } else if (accept("[")) {
      base = parseSubscript(std::move(base));
    } else if (isOperator("(")) {
      node->kind = NodeKind::Call;
      node->children.push_back(std::move(base));
      parseArguments(*node);
      base = std::move(node);
    } else {
      return base;
    }
  }
}

NodePtr Parser::parseSubscript(NodePtr base) {
  NodePtr node = make(NodeKind::Subscript);
  NodePtr slice = make(NodeKind::Slice);
  bool isSlice = false;
  slice->children.resize(3);
  for (size_t part = 0; part < 3; ++part) {
    if (!isOperator(":") && !isOperator("]"))
      slice->children[part] = parseExpression();
    if (!accept(":"))
      break;
    isSlice = true;
  }
  if (!isSlice && !slice->children[0])
    fail("an index");
  node->children.push_back(std::move(base));
  node->children.push_back(isSlice ? std::move(slice) : std::move(slice->children[0]));
  expect("]");
  return node;
}

/// Appends `(a, b, key=c)` to the children and names of `call`.
void Parser::parseArguments(Node &call) {
  expect("(");
  while (!accept(")")) {
    if (isOperator("*") || isOperator("**"))
      refuse("unpacking arguments with '*' is not supported");
    bool named = token().kind == TokenKind::Name && tokens[at + 1].kind == TokenKind::Operator &&
                 tokens[at + 1].text == "=";
    if (named) {
      call.names.push_back(token().text);
      at += 2;
    } else if (!call.names.empty()) {
      refuse("a positional argument follows a named one");
    }
    call.children.push_back(parseExpression());
    if (!isOperator(")"))
      expect(",");
  }
}

NodePtr Parser::parseFilterChain(NodePtr value) {
  for (;;) {
    grow();
    if (accept("|"))
      value = parseFilter(std::move(value));
    else if (acceptWord("is"))
      value = parseTest(std::move(value));
    else if (isOperator("("))
      value = parsePostfix(std::move(value));
    else
      return value;
  }
}

NodePtr Parser::parseFilter(NodePtr value) {
  NodePtr node = make(NodeKind::Filter);
  node->name = expectName("a filter's name");
  if (!isFilter(node->name))
    refuse(fmt::format("filter '{}' is not supported", node->name));
  node->children.push_back(std::move(value));
  if (isOperator("("))
    parseArguments(*node);
  return node;
}

NodePtr Parser::parseTest(NodePtr value) {
  bool negated = acceptWord("not");
  NodePtr node = make(NodeKind::Test);
  node->name = expectName("a test's name");
  if (!isTest(node->name))
    refuse(fmt::format("test '{}' is not supported", node->name));
  node->children.push_back(std::move(value));
  bool argument =
      token().kind == TokenKind::String || token().kind == TokenKind::Integer ||
      token().kind == TokenKind::Real || isOperator("[") || isOperator("{") ||
      (token().kind == TokenKind::Name && !isWord("else") && !isWord("or") && !isWord("and") &&
       !isWord("is") && !isWord("if") && !isWord("in") && !isWord("not"));
  if (isOperator("("))
    parseArguments(*node);
  else if (argument)
    node->children.push_back(parsePostfix(parsePrimary()));
  if (!node->names.empty())
    refuse(fmt::format("test '{}' takes no named argument", node->name));
  if (!negated)
    return node;
  NodePtr inverse = make(NodeKind::Not);
  inverse->children.push_back(std::move(node));
  return inverse;
}

} // namespace roux::data::jinja
