//===- CheckedRecipe.h - what a recipe says, with nothing left open -------===//
//
// The checker's result and the only form of a recipe that the rest of Roux
// reads: names resolved, defaults filled in, units settled, expressions as
// runtime trees, and every value with its place and its origin. It is plain
// data: the importer walks it without knowing a single construct, planner and
// trainer ask for the keys they need by name.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/frontend/AST.h"
#include "compiler/frontend/Source.h"
#include "runtime/Expression.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace roux {

struct Construct;

/// What a number counts.
enum class Measure : uint8_t {
  Plain,
  Percent, ///< a share: 0.03 for 3%
  Bytes,
  Tokens,
  Sequences,
  Records,
  Steps,
  Epochs,
  Minutes,
  Hours,
};
std::string_view spelling(Measure measure);

enum class ValueKind : uint8_t {
  None,       ///< `none`, or an option that was not written and has no default value
  Boolean,    ///< boolean
  Number,     ///< number in measure
  Range,      ///< number..high in measure, closed
  Text,       ///< text, escapes replaced
  Prompt,     ///< text; `{field}` is a hole, `\{` and `\}` are braces
  Word,       ///< text: an enum word
  List,       ///< items
  Call,       ///< construct with arguments, in the order of the construct's parameters
  Reference,  ///< text: the name of a definition, definition its index
  Blend,      ///< items: models, each with its coefficient in number
  Expression, ///< expression
  Mistaken,   ///< a mistake was reported; never in a recipe that check() returned
};

enum class OriginKind : uint8_t {
  Line,    ///< written at `where`
  Default, ///< the table of constructs says so; `where` is the construct that lacks it
  Set,     ///< --set on the command line; `where` is the param it replaces
};

/// Where a value comes from.
struct Origin {
  OriginKind kind = OriginKind::Line;
  std::string param; ///< the `param` it was taken from, or empty
};

struct CheckedArgument;

/// One value of a recipe. Which members mean something is said at ValueKind.
struct CheckedValue {
  ValueKind kind = ValueKind::None;
  Measure measure = Measure::Plain;
  bool boolean = false;
  double number = 0;
  double high = 0;
  std::string text;
  uint32_t definition = 0;
  const Construct *construct = nullptr;
  std::vector<CheckedValue> items;
  std::vector<CheckedArgument> arguments;
  Expression expression;
  SourceRange where;
  Origin origin;

  bool isNone() const { return kind == ValueKind::None; }
  /// True for a call of `name`: `overflow.calls("cut")`.
  bool calls(std::string_view name) const;
  /// True for the enum word `word`: `last.is("drop")`.
  bool is(std::string_view word) const { return kind == ValueKind::Word && text == word; }
  /// The argument of that name of a call, or nullptr. Optional parameters are present as None.
  const CheckedValue *find(std::string_view name) const;
  /// The same, for an argument that the table promises.
  const CheckedValue &operator[](std::string_view name) const;
};

/// `name: value` of a call or a block.
struct CheckedArgument {
  std::string name;
  SourceRange nameRange; ///< empty range where the name was not written
  CheckedValue value;
  bool named = false; ///< a name of the author's own: a field of `ask`, a share of `mix`, a task
};

/// A definition. `param`s are definitions too, although their values are already in place.
///
/// - param, prompt, tokenizer, model, data: `value`. A model's block is in it, as a call of
///   `override` whose arguments are `base` and the keys that were written.
/// - score, train, eval, run: `keys`, in the order of the table, defaults filled in.
/// - `a | f(x)` is a call of f whose first argument is a; `8 * pack(…)` one with `units` 8.
struct CheckedDefinition {
  ast::Kind kind = ast::Kind::Param;
  std::string name; ///< empty for run
  SourceRange where;
  bool inMainFile = true;
  CheckedValue value;
  std::vector<CheckedArgument> keys;
  std::vector<CheckedArgument> lets;  ///< score: each after the ones it reads
  std::vector<CheckedArgument> tasks; ///< eval: its measurements, in the order written
  Scope scores = Scope::Constant;     ///< score: what its value belongs to
  std::vector<uint32_t> reads;        ///< definitions this one names, params included

  const CheckedValue *find(std::string_view key) const;
  const CheckedValue &operator[](std::string_view key) const;
};

/// Something that this build can check but not do; `roux run` refuses it before any work.
struct CheckedOnly {
  std::string construct; ///< as the author knows it: "score", "device: simt", "ask()"
  SourceRange where;
};

/// A recipe without mistakes.
struct CheckedRecipe {
  uint32_t mainFile = 0;
  uint64_t seed = 0;
  Origin seedOrigin;
  SourceRange seedRange;
  /// Every definition stands after those it reads, otherwise in the order of the text. `run` is
  /// always there, and last.
  std::vector<CheckedDefinition> definitions;
  std::vector<CheckedOnly> checkedOnly; ///< in the order of the text

  const CheckedDefinition *find(std::string_view name) const;
  const CheckedDefinition &run() const { return definitions.back(); }
  const CheckedDefinition *trainBehind(const CheckedValue &model) const;
  const CheckedDefinition *trainNamedBy(const CheckedValue &model) const;
  /// Whether the records of `data` are pairs of answers.
  bool arePairs(const CheckedValue &data) const;
};

/// The definition that `reference` names.
using DefinitionAt = std::function<const CheckedDefinition &(const CheckedValue &reference)>;

/// The train whose tensors a model value has: behind names, and behind blocks that change none of
/// them. nullptr where it is no train's.
const CheckedDefinition *trainBehind(const DefinitionAt &at, const CheckedValue &model);
/// The same, behind names alone: the model is the train's in every respect.
const CheckedDefinition *trainNamedBy(const DefinitionAt &at, const CheckedValue &model);

/// The file a path or pattern of a recipe means: relative to the recipe that names it.
std::string resolvePath(const SourceManager &sources, const CheckedValue &path);

} // namespace roux
