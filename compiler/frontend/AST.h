//===- AST.h - a recipe as it was written ---------------------------------===//
//
// The tree keeps what the author wrote and nothing else: no defaults, no
// types, no resolved names. The formatter prints it back, the checker reads it.
// Every node has its range. Nodes live in the arena of their File, are freed
// together, and never stack higher than maxHeight: walks over them may recurse.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/Source.h"

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <span>
#include <string_view>
#include <type_traits>
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

/// No expression is higher than this; the parser refuses what would be.
inline constexpr uint16_t maxHeight = 1000;

struct Expr {
  ExprKind kind = ExprKind::Error;
  uint16_t height = 1; ///< of the tree below, this node included
  SourceRange range;
};

struct Error : Expr {
  static constexpr ExprKind is = ExprKind::Error;
};
struct Number : Expr {
  static constexpr ExprKind is = ExprKind::Number;
  double value = 0;  ///< as the digits say, before the suffix: 64 in 64Ki
  double scaled = 0; ///< after it: 65536; 0.03 for 3%
  Suffix suffix = Suffix::None;
  Unit unit = Unit::None;
  bool isInteger = true; ///< written without a point or exponent
};
struct Text : Expr {
  static constexpr ExprKind is = ExprKind::Text;
  std::string_view value; ///< every escape replaced
  /// Offsets in `value` of the braces written without a backslash: a prompt's holes.
  std::span<const uint32_t> braces;
  bool triple = false; ///< written as """…"""
};
struct Boolean : Expr {
  static constexpr ExprKind is = ExprKind::Boolean;
  bool value = false;
};
struct None : Expr {
  static constexpr ExprKind is = ExprKind::None;
};
struct Name : Expr {
  static constexpr ExprKind is = ExprKind::Name;
  std::string_view name;
};
struct List : Expr {
  static constexpr ExprKind is = ExprKind::List;
  std::span<Expr *const> items;
};

/// `key: value` in a call or a block; positional arguments have an empty key.
struct Argument {
  std::string_view key;
  SourceRange keyRange;
  Expr *value = nullptr;
};
struct Call : Expr {
  static constexpr ExprKind is = ExprKind::Call;
  Expr *object = nullptr; ///< `sequence` in sequence.field("x"); null for a plain call
  std::string_view callee;
  SourceRange calleeRange;
  std::span<const Argument> arguments;
};
struct Member : Expr {
  static constexpr ExprKind is = ExprKind::Member;
  Expr *object = nullptr;
  std::string_view name;
  SourceRange nameRange;
};
struct Unary : Expr {
  static constexpr ExprKind is = ExprKind::Unary;
  UnaryOp op = UnaryOp::Negate;
  Expr *operand = nullptr;
};
struct Binary : Expr {
  static constexpr ExprKind is = ExprKind::Binary;
  BinaryOp op = BinaryOp::Or;
  SourceRange opRange;
  Expr *lhs = nullptr;
  Expr *rhs = nullptr;
};
/// A unit after `a..b` is the range's, whatever `b` is; `a` may repeat it.
struct Range : Expr {
  static constexpr ExprKind is = ExprKind::Range;
  Expr *low = nullptr;
  Expr *high = nullptr;
  Unit unit = Unit::None;
};
struct If : Expr {
  static constexpr ExprKind is = ExprKind::If;
  Expr *condition = nullptr;
  Expr *then = nullptr;
  Expr *otherwise = nullptr;
};
/// `into` is a Name, a Call, or an Error.
struct Pipe : Expr {
  static constexpr ExprKind is = ExprKind::Pipe;
  Expr *from = nullptr;
  Expr *into = nullptr;
};
struct Group : Expr {
  static constexpr ExprKind is = ExprKind::Group;
  Expr *inner = nullptr;
  Unit unit = Unit::None;
};

/// Let: the parser accepts it only directly in a score's block.
enum class EntryKind : uint8_t { Key, Let };
/// One entry of a block: `key: value`, or `let name = value`.
struct Entry {
  EntryKind kind = EntryKind::Key;
  std::string_view key;
  SourceRange keyRange;
  Expr *value = nullptr;
};
struct Block {
  SourceRange range;
  std::span<const Entry> entries;
};
/// `base` is a Name or a Call.
struct Override : Expr {
  static constexpr ExprKind is = ExprKind::Override;
  Expr *base = nullptr;
  Block block;
};

/// `expr` as a Node, or null when it is something else.
template <typename Node>
const Node *as(const Expr *expr) {
  return expr->kind == Node::is ? static_cast<const Node *>(expr) : nullptr;
}

enum class Kind : uint8_t { Param, Prompt, Tokenizer, Model, Data, Score, Train, Eval, Run };

/// `kind name = value { block }`; `value` or the block may be absent, not both unless reported.
struct Definition {
  Kind kind = Kind::Param;
  std::string_view name; ///< empty for run
  SourceRange kindRange, nameRange, range;
  Expr *value = nullptr;
  Block *block = nullptr;
};
struct Use {
  std::string_view path;
  SourceRange range, pathRange;
};
struct Seed {
  Expr *value = nullptr;
  SourceRange range;
};
/// A comment with its place: the formatter attaches it to what follows, or to the line it ends.
struct Comment {
  SourceRange range; ///< from `#` to the last character before the line's end
  bool ownLine = true;
};

/// What one file says, in the order written. Owns its nodes; names are views of the source text.
struct File {
  uint32_t file = 0;
  std::vector<Use> uses;
  std::vector<Seed> seeds; ///< more than one is an error that the checker reports
  std::vector<Definition> definitions;
  std::vector<Comment> comments;

  template <typename Node>
  Node *make(Node node) {
    static_assert(std::is_trivially_destructible_v<Node>, "the arena frees without destroying");
    if constexpr (std::is_base_of_v<Expr, Node>)
      node.kind = Node::is;
    return new (arena.allocate(sizeof(Node), alignof(Node))) Node(node);
  }
  /// Moves the elements of `items` into the arena.
  template <typename Item>
  std::span<Item> keep(const std::vector<Item> &items) {
    static_assert(std::is_trivially_copyable_v<Item>);
    auto *kept = static_cast<Item *>(arena.allocate(items.size() * sizeof(Item), alignof(Item)));
    std::uninitialized_copy(items.begin(), items.end(), kept);
    return {kept, items.size()};
  }
  std::string_view keep(std::string_view text);

  std::pmr::monotonic_buffer_resource arena;
};

std::string_view spelling(Kind kind);
std::string_view spelling(BinaryOp op);
std::string_view spelling(Unit unit);
std::string_view spelling(Suffix suffix);

} // namespace roux::ast
