//===- Syntax.h - a chat template as a tree -------------------------------===//
//
// The subset of Jinja 3 that published chat templates use, parsed once and
// rendered for every record.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/template/Value.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace roux::data::jinja {

struct Node;
using NodePtr = std::unique_ptr<Node>;

enum class NodeKind : uint8_t {
  // Expressions.
  Literal,     ///< `literal`
  Name,        ///< `name`
  List,        ///< children
  Tuple,       ///< children
  Map,         ///< children: key, value, key, value …
  Conditional, ///< children: value, condition, otherwise (may be null)
  Or,
  And,
  Not,
  Compare,   ///< children: the operands; `names`: the operators between them
  Binary,    ///< `name`: + - * / // % ** ~
  Negate,    ///< child
  Plus,      ///< child
  Attribute, ///< child.`name`
  Subscript, ///< children: base, index
  Slice,     ///< children: begin, end, step (each may be null); only in Subscript
  Call,      ///< children: callee, positional …, named …; `names`: the named ones
  Filter,    ///< `name`; children: value, positional …, named …; `names`
  Test,      ///< `name`; children: value, positional …
  // Statements.
  Block,       ///< children in order
  Data,        ///< `name` is the text
  Output,      ///< child
  If,          ///< children: condition, block, condition, block …, [block]
  For,         ///< children: targets, iterable, filter (may be null), body, otherwise (may be null)
  Set,         ///< children: targets, value
  SetBlock,    ///< children: targets, body; `filters` apply
  FilterBlock, ///< children: body; `filters` apply
  Macro,       ///< `name`; `names`: parameters; children: body, then the last parameters' defaults
  Generation,  ///< child
  Break,
  Continue,
};

/// A node of any kind; what its fields mean is said at the kind.
struct Node {
  NodeKind kind;
  int line = 0;
  std::string name;
  Value literal;
  std::vector<NodePtr> children;
  std::vector<std::string> names;
  std::vector<NodePtr> filters; ///< Filter nodes without value, innermost first
};

enum class TokenKind : uint8_t {
  Data,
  VariableBegin,
  VariableEnd,
  BlockBegin,
  BlockEnd,
  Name,
  Integer,
  Real,
  String,
  Operator,
  End
};

struct Token {
  TokenKind kind;
  int line;
  std::string text; ///< a string without quotes and escapes
};

/// Cuts a template into tokens, with the white space control that Hugging Face renders with
/// (trim_blocks and lstrip_blocks on, one final newline dropped).
std::vector<Token> lex(std::string_view source);

/// Throws TemplateError, naming the line, for what is no Jinja or not supported.
NodePtr parse(std::string_view source);

/// True if a node of `kind` is in the tree.
bool has(const Node &tree, NodeKind kind);

/// True if filters and tests of this name exist; the parser refuses others by name.
bool isFilter(std::string_view name);
bool isTest(std::string_view name);

} // namespace roux::data::jinja
