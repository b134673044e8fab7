//===- AST.h - a recipe as it was written ---------------------------------===//
//
// The tree keeps what the author wrote and nothing else: no defaults, no
// types, no resolved names. The formatter prints it back, the checker reads it.
// Every node has its range. Nodes live in the arena of their File.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Source.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace roux::ast {

enum class ExprKind : uint8_t {
  Error,    ///< could not be parsed; already reported
  Number,   ///< 64Ki, 3%, 80GB, 2_000_000 tokens
  Text,     ///< "…" or """…"""
  Boolean,  ///< true, false
  None,     ///< none
  Name,     ///< a word: a definition, an enum word, a scope or a bare attribute
  List,     ///< [a, b]
  Call,     ///< f(a, key: b)
  Member,   ///< sequence.targets
  Unary,    ///< -a, not a
  Binary,   ///< a + b … a in b, a over b
  Range,    ///< a..b
  If,       ///< if c then a else b
  Pipe,     ///< a | f(x)
  Override, ///< a { key: value }
  Group,    ///< ( a ), kept because the formatter keeps it and a unit may follow it
};

enum class UnaryOp : uint8_t { Negate, Not };
enum class BinaryOp : uint8_t {
  Or,
  And,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  In,
  NotIn,
  Add,
  Subtract,
  Multiply,
  Divide,
  Power,
  Over, ///< only as a reduction's argument: sum(e over step)
};

/// The word that follows a number, a range or a parenthesis.
enum class Unit : uint8_t { None, Tokens, Sequences, Records, Steps, Epochs, Minutes, Hours };
/// The suffix or sign that touches a number's digits.
enum class Suffix : uint8_t {
  None,
  Ki,
  Mi,
  Gi,
  k,
  M,
  B,
  Percent,
  KiB,
  MiB,
  GiB,
  KB,
  MB,
  GB,
  TB,
  TiB
};

struct Expr {
  ExprKind kind;
  SourceRange range;
};

struct Number : Expr {
  double value;  ///< as the digits say, before the suffix: 64 in 64Ki
  double scaled; ///< after it: 65536; 0.03 for 3%
  Suffix suffix = Suffix::None;
  Unit unit = Unit::None;
  bool isInteger; ///< written without a point or exponent
};
struct Text : Expr {
  std::string_view value; ///< escapes replaced; \{ and \} stay so that prompts can tell holes
  bool triple;            ///< written as """…"""
};
struct Boolean : Expr {
  bool value;
};
struct Name : Expr {
  std::string_view name;
};
struct List : Expr {
  std::vector<Expr *> items;
};

/// `key: value` in a call or a block; positional arguments have an empty key.
struct Argument {
  std::string_view key;
  SourceRange keyRange;
  Expr *value;
};
struct Call : Expr {
  std::string_view callee;
  SourceRange calleeRange;
  std::vector<Argument> arguments;
};
struct Member : Expr {
  Expr *object;
  std::string_view name;
  SourceRange nameRange;
};
struct Unary : Expr {
  UnaryOp op;
  Expr *operand;
};
struct Binary : Expr {
  BinaryOp op;
  SourceRange opRange;
  Expr *lhs;
  Expr *rhs;
};
struct Range : Expr {
  Expr *low;
  Expr *high;
  Unit unit = Unit::None;
};
struct If : Expr {
  Expr *condition;
  Expr *then;
  Expr *otherwise;
};
struct Pipe : Expr {
  Expr *from;
  Expr *into;
}; ///< `into` is a Name or a Call
struct Group : Expr {
  Expr *inner;
  Unit unit = Unit::None;
};

enum class EntryKind : uint8_t { Key, Let };
/// One entry of a block: `key: value`, or `let name = value` in a score.
struct Entry {
  EntryKind kind;
  std::string_view key;
  SourceRange keyRange;
  Expr *value;
};
struct Block {
  SourceRange range;
  std::vector<Entry> entries;
};
struct Override : Expr {
  Expr *base;
  Block block;
};

enum class Kind : uint8_t { Param, Prompt, Tokenizer, Model, Data, Score, Train, Eval, Run };

/// `kind name = value { block }`; `value` or the block may be absent, not both.
struct Definition {
  Kind kind;
  std::string_view name; ///< empty for run
  SourceRange kindRange, nameRange, range;
  Expr *value = nullptr;
  std::unique_ptr<Block> block;
};
struct Use {
  std::string_view path;
  SourceRange range, pathRange;
};
struct Seed {
  Expr *value;
  SourceRange range;
};
/// A comment with its place: the formatter attaches it to what follows, or to the line it ends.
struct Comment {
  SourceRange range;
  bool ownLine;
};

/// What one file says, in the order written.
struct File {
  uint32_t file;
  std::vector<Use> uses;
  std::vector<Seed> seeds; ///< more than one is an error that the checker reports
  std::vector<Definition> definitions;
  std::vector<Comment> comments;

  /// Owns nodes and unescaped text; freed together.
  template <typename Node>
  Node *make(Node node) {
    auto owned = std::make_shared<Node>(std::move(node));
    Node *raw = owned.get();
    arena.push_back(std::move(owned));
    return raw;
  }
  std::vector<std::shared_ptr<void>> arena;
};

std::string_view spelling(Kind kind);
std::string_view spelling(BinaryOp op);
std::string_view spelling(Unit unit);
std::string_view spelling(Suffix suffix);

} // namespace roux::ast
