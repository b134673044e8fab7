//===- Expression.h - the one meaning of a recipe's expressions -----------===//
//
// `where`, `target`, `loss`, `weight`, `position`, `odds` and `score` are one
// language that differs only in which attributes exist. A checked expression
// is a small tree, and evaluate() is the only interpreter of it: constant
// folding, planning and the scalars of a training step all come here, and the
// compiler emits the rest from the same tree. The maths is our own, compiled
// without contraction, so that a plan has the same bits on every machine.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace roux {

/// What an attribute belongs to; narrow to wide. Constant: no attribute at all.
enum class Scope : uint8_t {
  Constant,
  Token,
  Turn,
  Span,
  Sequence,
  Pack,
  Bucket,
  Step,
  // Only in a score: the two spans of a pair, and all pairs of a sequence.
  Later,
  Earlier,
  Pairs,
  // Only in the loss of pairs: the two answers of a pair.
  Chosen,
  Rejected
};

enum class Attribute : uint8_t {
  Index,      ///< of the token, turn, span, sequence, bucket or step, from 0
  Id,         ///< token
  Position,   ///< token
  Role,       ///< token, turn: text
  Nll,        ///< token: from the model
  LogSumExp,  ///< token: from the model
  Tokens,     ///< span … step
  Targets,    ///< sequence, pack, step
  Text,       ///< turn, span
  Record,     ///< sequence: file ordinal of its origin
  Turns,      ///< sequence
  Spans,      ///< sequence
  Source,     ///< sequence: name of the definition that read the file
  Field,      ///< sequence: field("name"), the name is Node::text
  Sequences,  ///< pack, bucket, step
  Length,     ///< bucket
  Progress,   ///< step: 0..1
  Packs,      ///< step
  Score,      ///< token, span, sequence: the score named Node::text
  LogP,       ///< chosen, rejected: sum over the answer's targets, from the model
  Reference,  ///< chosen, rejected: the same from the train's `reference:`
  Characters, ///< chosen, rejected
};

std::string_view spelling(Scope scope);
std::string_view spelling(Attribute attribute);

enum class Operation : uint8_t {
  Number, ///< Node::number; booleans are 0 and 1
  String, ///< Node::text
  Read,   ///< Node::scope, Node::attribute
  Passed, ///< `source in d`: did the record pass through the definition Node::text
  Let,    ///< a score's let named Node::text
  Negate,
  Not,
  Add,
  Subtract,
  Multiply,
  Divide,
  Power,
  Mod,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  And,
  Or,
  Between, ///< a in low..high, closed: operands a, low, high
  Among,   ///< a in [x, y, …]: operands a, x, y, …
  If,      ///< condition, then, otherwise; only the branch taken is evaluated
  Min,
  Max,
  Abs,
  Exp,
  Log,
  Log2,
  Sqrt,
  Floor,
  Clamp,
  Matches, ///< text, regular expression
  // Reductions: operand 0 is evaluated for every row of Node::inner inside the row of Node::scope.
  // Count without an operand is the number of rows; Quantile's operand 1 is the share; Entropy's
  // operand is a Softmax when Node::inner is Constant.
  Sum,
  Mean,
  Minimum,
  Maximum,
  Count,
  Any,
  All,
  Quantile,
  Softmax,
  Entropy,
  // Draws, made once for each row of Node::scope: uniform(low..high), a whole number;
  // choice(a, b, …).
  Uniform,
  Choice,
  Model,   ///< perplexity, logprob, logit: a model in the loop, named Node::text
  Sigmoid, ///< log(sigmoid(x)) is computed without the sigmoid's underflow
};

/// A checked expression: nodes in post-order, the root last.
struct Expression {
  struct Node {
    Operation operation = Operation::Number;
    Scope scope = Scope::Constant; ///< of the attribute read, or the one reduced over
    Scope inner = Scope::Constant; ///< reductions: the rows visited
    Attribute attribute = Attribute::Index;
    bool countsAll =
        false; ///< reductions: also rows without targets or labels (e uses only `tokens`)
    double number = 0;
    std::string text = {};
    std::vector<uint32_t> operands = {}; ///< indexes of earlier nodes
    std::array<uint32_t, 3> where{};     ///< file, begin, end of the recipe text
  };
  std::vector<Node> nodes;

  bool empty() const { return nodes.empty(); }
  const Node &root() const { return nodes.back(); }
  /// The narrowest scope whose attributes are read outside reductions.
  Scope scope() const;
  /// True if some node reads token.nll, token.logsumexp or an answer's logp.
  bool usesModel() const;
  /// True if some node reads the answers of a pair.
  bool readsPairs() const;
};

/// A number (booleans are 0 and 1), a text, or the many values of a softmax.
using Value = std::variant<double, std::string, std::vector<double>>;

/// The row that an expression is evaluated for, and the rows around and inside it.
class Environment {
public:
  virtual ~Environment() = default;
  /// `node.operation` is Read, Passed, Let or Model.
  virtual Value read(const Expression::Node &node) const = 0;
  /// Calls `visit` for each row of `inner` inside the current row of `outer`, in order. Rows
  /// without targets (sequences, packs) or labels (tokens) are left out unless `all`.
  virtual void forEach(Scope inner, Scope outer, bool all,
                       const std::function<void(const Environment &)> &visit) const = 0;
  /// A number in [0, 1) that depends only on the seed tree, the construct, and the current row of
  /// `scope`; the same on every rank, resume and machine. `draw` numbers the draws of one
  /// expression.
  virtual double draw(Scope scope, uint32_t draw) const = 0;
};

/// Throws std::domain_error with the words "… is not a number" only for impossible trees; a
/// division by zero or a logarithm of a negative number gives the IEEE value, which callers must
/// look at.
Value evaluate(const Expression &expression, const Environment &environment);
/// The same for an expression known to be a number.
double evaluateNumber(const Expression &expression, const Environment &environment);
/// For an expression without attributes.
Value evaluateConstant(const Expression &expression);

} // namespace roux
