//===- ParseStatements.cpp - the tags of a template -----------------------===//
//
// Everything between `{%` and `%}`. A tag of Jinja that chat templates have no
// use for (include, extends, import, call …) is refused by name.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Parser.h"

#include <algorithm>
#include <fmt/format.h>
#include <simdjson.h>

namespace roux::data::jinja {

/// A template is held as its tree, which is some two hundred times as large.
static constexpr size_t mostBytes = size_t(1) << 19;

/// Everything after this may trust that characters are whole.
static void requireUtf8(std::string_view source) {
  if (simdjson::validate_utf8(source.data(), source.size()))
    return;
  int line = 1;
  for (size_t at = 0; at < source.size();) {
    size_t begin = at;
    line += nextCodePoint(source, at) == '\n';
    if (!simdjson::validate_utf8(source.data() + begin, at - begin))
      throw TemplateError(fmt::format("line {}: byte {} is not UTF-8", line, begin));
  }
}

NodePtr parse(std::string_view source) {
  if (source.size() > mostBytes)
    throw TemplateError(
        fmt::format("{} bytes, and a template may have {}", source.size(), mostBytes));
  requireUtf8(source);
  return Parser(source).parseTemplate();
}

bool has(const Node &tree, NodeKind kind) {
  return tree.kind == kind ||
         std::any_of(tree.children.begin(), tree.children.end(),
                     [&](const NodePtr &child) { return child && has(*child, kind); });
}

NodePtr Parser::parseTemplate() {
  return parseBlock({});
}

Parser::Nesting::Nesting(Parser &parser) : parser(parser) {
  if (++parser.depth > 200)
    parser.refuse("nested deeper than 200");
}

void Parser::refuse(std::string message) const {
  throw TemplateError(fmt::format("line {}: {}", token().line, message));
}

void Parser::fail(std::string_view expected) const {
  refuse(fmt::format("found '{}', expected {}", token().text, expected));
}

void Parser::grow() {
  if (++chain > 500)
    refuse("more than 500 operators in one tag");
}

NodePtr Parser::make(NodeKind kind) const {
  auto node = std::make_unique<Node>();
  node->kind = kind;
  node->line = token().line;
  return node;
}

bool Parser::accept(std::string_view text) {
  bool found = isOperator(text);
  at += found;
  return found;
}

bool Parser::acceptWord(std::string_view text) {
  bool found = isWord(text);
  at += found;
  return found;
}

void Parser::expect(std::string_view text) {
  if (!accept(text))
    fail(fmt::format("'{}'", text));
}

void Parser::expectEnd(TokenKind kind, std::string_view text) {
  if (token().kind != kind)
    fail(fmt::format("'{}'", text));
  ++at;
}

std::string Parser::expectName(std::string_view what) {
  if (token().kind != TokenKind::Name)
    fail(what);
  return tokens[at++].text;
}

/// Reads until a tag whose word is one of `ends`, and stops at that word.
NodePtr Parser::parseBlock(std::initializer_list<std::string_view> ends) {
  Nesting nesting(*this);
  NodePtr block = make(NodeKind::Block);
  for (;;) {
    chain = 0;
    switch (token().kind) {
    case TokenKind::End:
      if (ends.size())
        fail(fmt::format("'{{% {} %}}'", *(ends.end() - 1)));
      return block;
    case TokenKind::Data:
      block->children.push_back(make(NodeKind::Data));
      block->children.back()->name = tokens[at++].text;
      break;
    case TokenKind::VariableBegin: {
      ++at;
      NodePtr output = make(NodeKind::Output);
      output->children.push_back(parseTuple());
      expectEnd(TokenKind::VariableEnd, "}}");
      block->children.push_back(std::move(output));
      break;
    }
    default: // BlockBegin: nothing else stands outside a tag
      ++at;
      if (token().kind == TokenKind::Name &&
          std::find(ends.begin(), ends.end(), token().text) != ends.end())
        return block;
      block->children.push_back(parseStatement());
    }
  }
}

/// Consumes `word %}`.
void Parser::endBlock(std::string_view word) {
  if (!acceptWord(word))
    fail(fmt::format("'{}'", word));
  expectEnd(TokenKind::BlockEnd, "%}");
}

NodePtr Parser::parseStatement() {
  if (acceptWord("if"))
    return parseIf();
  if (acceptWord("for"))
    return parseFor();
  if (acceptWord("set"))
    return parseSet();
  if (acceptWord("macro"))
    return parseMacro();
  if (acceptWord("generation"))
    return parseGeneration();
  if (acceptWord("filter"))
    return parseFilterBlock();
  for (auto [word, kind] : {std::pair{"break", NodeKind::Break}, {"continue", NodeKind::Continue}})
    if (isWord(word)) {
      if (!loops)
        refuse(fmt::format("'{}' stands outside a loop", word));
      NodePtr node = make(kind);
      ++at;
      expectEnd(TokenKind::BlockEnd, "%}");
      return node;
    }
  refuse(fmt::format("tag '{}' is not supported; tags are if, for, set, macro, filter, generation, "
                     "break, continue and raw",
                     token().text));
}

NodePtr Parser::parseIf() {
  NodePtr node = make(NodeKind::If);
  do {
    node->children.push_back(parseTuple());
    expectEnd(TokenKind::BlockEnd, "%}");
    node->children.push_back(parseBlock({"elif", "else", "endif"}));
  } while (acceptWord("elif"));
  if (acceptWord("else")) {
    expectEnd(TokenKind::BlockEnd, "%}");
    node->children.push_back(parseBlock({"endif"}));
  }
  endBlock("endif");
  return node;
}

/// `a`, `a, b`, or, in a `set`, `namespace.attribute`.
NodePtr Parser::parseTarget(bool attributes) {
  Nesting nesting(*this);
  NodePtr target = make(NodeKind::Tuple);
  do {
    bool nested = accept("(");
    if (nested) {
      target->children.push_back(parseTarget(attributes));
      expect(")");
      continue;
    }
    NodePtr name = make(NodeKind::Name);
    name->name = expectName("a name to set");
    if (attributes && accept(".")) {
      NodePtr attribute = make(NodeKind::Attribute);
      attribute->name = expectName("an attribute to set");
      attribute->children.push_back(std::move(name));
      name = std::move(attribute);
    }
    target->children.push_back(std::move(name));
  } while (accept(",") && token().kind == TokenKind::Name && !isWord("in"));
  return target->children.size() == 1 ? std::move(target->children[0]) : std::move(target);
}

NodePtr Parser::parseFor() {
  NodePtr node = make(NodeKind::For);
  node->children.push_back(parseTarget(false));
  if (!acceptWord("in"))
    fail("'in'");
  // Without a condition: `for x in y if z` filters.
  NodePtr iterable = parseWithoutCondition();
  if (isOperator(",")) {
    NodePtr tuple = make(NodeKind::Tuple);
    tuple->children.push_back(std::move(iterable));
    while (accept(","))
      tuple->children.push_back(parseWithoutCondition());
    iterable = std::move(tuple);
  }
  node->children.push_back(std::move(iterable));
  node->children.push_back(acceptWord("if") ? parseExpression() : nullptr);
  if (isWord("recursive"))
    refuse("a recursive loop is not supported");
  expectEnd(TokenKind::BlockEnd, "%}");
  ++loops;
  node->children.push_back(parseBlock({"else", "endfor"}));
  --loops;
  node->children.push_back(nullptr);
  if (acceptWord("else")) {
    expectEnd(TokenKind::BlockEnd, "%}");
    node->children.back() = parseBlock({"endfor"});
  }
  endBlock("endfor");
  return node;
}

void Parser::parseFilters(Node &node) {
  do
    node.filters.push_back(parseFilter(nullptr));
  while (accept("|"));
}

NodePtr Parser::parseSet() {
  NodePtr node = make(NodeKind::Set);
  node->children.push_back(parseTarget(true));
  if (accept("=")) {
    node->children.push_back(parseTuple());
    expectEnd(TokenKind::BlockEnd, "%}");
    return node;
  }
  node->kind = NodeKind::SetBlock;
  if (accept("|"))
    parseFilters(*node);
  expectEnd(TokenKind::BlockEnd, "%}");
  node->children.push_back(parseBlock({"endset"}));
  endBlock("endset");
  return node;
}

NodePtr Parser::parseFilterBlock() {
  NodePtr node = make(NodeKind::FilterBlock);
  parseFilters(*node);
  expectEnd(TokenKind::BlockEnd, "%}");
  node->children.push_back(parseBlock({"endfilter"}));
  endBlock("endfilter");
  return node;
}

NodePtr Parser::parseGeneration() {
  NodePtr node = make(NodeKind::Generation);
  expectEnd(TokenKind::BlockEnd, "%}");
  node->children.push_back(parseBlock({"endgeneration"}));
  endBlock("endgeneration");
  return node;
}

NodePtr Parser::parseMacro() {
  NodePtr node = make(NodeKind::Macro);
  node->name = expectName("a macro's name");
  node->children.push_back(nullptr); // the body, known after the defaults
  expect("(");
  while (!accept(")")) {
    node->names.push_back(expectName("a parameter's name"));
    if (accept("="))
      node->children.push_back(parseExpression());
    else if (node->children.size() > 1)
      refuse(fmt::format("parameter '{}' needs a default, as those before it have",
                         node->names.back()));
    if (!isOperator(")"))
      expect(",");
  }
  expectEnd(TokenKind::BlockEnd, "%}");
  int outer = std::exchange(loops, 0);
  node->children[0] = parseBlock({"endmacro"});
  loops = outer;
  endBlock("endmacro");
  return node;
}

} // namespace roux::data::jinja
